# Fits the data sets that lavaan_decisions.py wrote, with lavaan's own settings.
# Rscript tests/simulation/lavaan_decisions.R FOLDER   -> FOLDER/lavaan.csv
suppressMessages({library(lavaan); library(semTools)})
options(warn = -1)
folder <- commandArgs(TRUE)[1]
asked <- read.csv(file.path(folder, "asked.csv"))
rows <- list()
tell <- function(one, test, chi2, df, p)
  rows[[length(rows) + 1]] <<- data.frame(condition = one$condition, number = one$number, test = test,
    chi2_lavaan = chi2, df_lavaan = df, p_lavaan = p)

single <- function(one, model, data, ordered) {
  f <- cfa(model, data, estimator = toupper(one$estimator), std.lv = TRUE, ordered = ordered)
  if (!lavInspect(f, "converged")) return(tell(one, "plain", NA, NA, NA))
  m <- fitMeasures(f)
  if (one$estimator != "wlsmv") tell(one, "plain", m[["chisq"]], m[["df"]], m[["pvalue"]])
  if (one$estimator != "ml") tell(one, "scaled", m[["chisq.scaled"]], m[["df.scaled"]], m[["pvalue.scaled"]])
}

STEPS <- c(metric = "loadings", scalar = "intercepts", strict = "residuals")
ladder <- function(one, model, data, ordered) {
  steps <- if (is.null(ordered)) STEPS else c(thresholds = "thresholds", STEPS)
  before <- NULL
  for (level in 0:length(steps)) {
    equal <- if (level) unname(steps[seq_len(level)]) else ""
    f <- if (is.null(ordered)) cfa(model, data, estimator = toupper(one$estimator), std.lv = TRUE,
                                   group = "group", group.equal = equal)
    else {
      syntax <- measEq.syntax(model, data = data, ordered = ordered, parameterization = "theta",
        ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016", group = "group", group.equal = equal)
      cfa(as.character(syntax), data, ordered = ordered, group = "group", estimator = "WLSMV",
          parameterization = "theta")
    }
    if (level) {
      test <- try(if (is.null(ordered)) lavTestLRT(before, f)
                  else lavTestLRT(before, f, method = "satorra.2000", A.method = "delta"), silent = TRUE)
      known <- !inherits(test, "try-error")
      tell(one, names(steps)[level], if (known) test[2, "Chisq diff"] else NA,
           if (known) test[2, "Df diff"] else NA, if (known) test[2, "Pr(>Chisq)"] else NA)
    }
    before <- f
  }
}

for (row in seq_len(nrow(asked))) {
  one <- asked[row, ]
  data <- read.csv(file.path(folder, one$file))
  model <- paste(readLines(file.path(folder, one$model)), collapse = "\n")
  ordered <- if (one$estimator == "wlsmv") setdiff(names(data), "group")
  (if ("group" %in% names(data)) ladder else single)(one, model, data, ordered)
}
write.csv(do.call(rbind, rows), file.path(folder, "lavaan.csv"), row.names = FALSE)
writeLines(c(as.character(packageVersion("lavaan")), as.character(packageVersion("semTools")),
             paste(R.version$major, R.version$minor, sep = ".")), file.path(folder, "versions.txt"))
