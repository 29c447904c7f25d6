-- Prints how long the step named by :step took and starts the next one.
SELECT format('step  %s  %s s', rpad(:'step', 22),
              lpad(to_char(extract(epoch FROM clock_timestamp() - :'started'::timestamptz), 'FM9990.0'), 6)) AS line \gset
\echo :line
SELECT clock_timestamp() AS started \gset
