-- The schema of our tables and views. A schema of that name made by somebody
-- else is an error: what is in it would become part of the extension.
CREATE SCHEMA churnprevent;
COMMENT ON SCHEMA churnprevent IS 'tables and views of the extension churnprevent; its functions live where the extension was installed';
