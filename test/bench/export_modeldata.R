# export_modeldata.R DIRECTORY: writes data sets of the R package modeldata (Debian: r-cran-modeldata)
# as CSV files with a column label (1 = positive). None of them is Telco.

directory <- commandArgs(trailingOnly = TRUE)[1]

# name, column of the label, its positive value or a condition, columns left out
export <- function(name, label, positive, drop = character()) {
  where <- new.env()
  data(list = name, package = "modeldata", envir = where)
  d <- as.data.frame(get(name, where))
  y <- if (is.function(positive)) positive(d[[label]]) else d[[label]] == positive
  d <- d[!is.na(y), setdiff(names(d), c(label, drop)), drop = FALSE]
  d$label <- as.integer(y[!is.na(y)])
  write.csv(d, file.path(directory, paste0(name, ".csv")), row.names = FALSE, na = "")
}

export("mlc_churn", "churn", "yes")
export("attrition", "Attrition", "Yes")
export("credit_data", "Status", "bad")
export("lending_club", "Class", "bad")
export("stackoverflow", "Remote", "Remote")
export("cells", "class", "PS", "case")
export("hpc_data", "class", function(x) x != "VF")
export("check_times", "status", 0, "package")
# A house in the upper quarter of prices: many categories.
export("ames", "Sale_Price", function(x) x > quantile(x, 0.75))
