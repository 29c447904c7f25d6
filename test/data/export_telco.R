# Writes telco_churn.csv from wa_churn of the R package modeldata (Debian: r-cran-modeldata).
# Run in test/data:  Rscript export_telco.R
#
# modeldata turned the sample's Yes/No columns into 0/1; they are put back to
# what the sample had, and a customer_id is added in row order.

data(wa_churn, package = "modeldata")
d <- as.data.frame(wa_churn)

yes_no <- function(x) ifelse(x == 1, "Yes", "No")

out <- data.frame(
  customer_id       = sprintf("C%04d", seq_len(nrow(d))),
  gender            = ifelse(d$female == 1, "Female", "Male"),
  senior_citizen    = d$senior_citizen,
  partner           = yes_no(d$partner),
  dependents        = yes_no(d$dependents),
  tenure            = d$tenure,
  phone_service     = yes_no(d$phone_service),
  multiple_lines    = d$multiple_lines,
  internet_service  = d$internet_service,
  online_security   = d$online_security,
  online_backup     = d$online_backup,
  device_protection = d$device_protection,
  tech_support      = d$tech_support,
  streaming_tv      = d$streaming_tv,
  streaming_movies  = d$streaming_movies,
  contract          = d$contract,
  paperless_billing = yes_no(d$paperless_billing),
  payment_method    = d$payment_method,
  monthly_charges   = d$monthly_charges,
  total_charges     = d$total_charges,
  churn             = d$churn
)

write.csv(out, "telco_churn.csv", row.names = FALSE, quote = FALSE, na = "")
