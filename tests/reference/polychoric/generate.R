# Polychoric and polyserial correlations of lavaan with their covariance matrix, the test of each
# table, and smoothing of psych.
# Usage: Rscript tests/reference/polychoric/generate.R OUT   -> OUT/NAME.json for each data set
suppressMessages({library(lavaan); library(jsonlite)})
folder <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
out <- commandArgs(TRUE)[1]
read <- function(name, items) {
  own <- file.path(folder, paste0(name, ".csv"))
  x <- read.csv(if (file.exists(own)) own else file.path(folder, "..", "data", paste0(name, ".csv")))
  x[, setdiff(names(x), "group")]
}

# The unrestricted model of lavCor; gamma is n times the covariance matrix of the estimates.
ordinal <- function(x, missing = "listwise") {
  x[] <- lapply(x, ordered)
  fit <- suppressWarnings(lavCor(x, ordered = names(x), output = "fit", se = "robust.sem", missing = missing))
  g <- lavInspect(fit, "gamma"); est <- lavInspect(fit, "est")
  found <- list(n = lavInspect(fit, "nobs"), names = rownames(g), gamma = unname(unclass(g)),
                estimate = unname(c(est$tau[, 1], lav_matrix_vech(est$theta, diagonal = FALSE))))
  if (missing == "listwise") {
    t <- as.list(lavTables(fit, dimension = 2, type = "table", statistic = "G2.un"))
    found$g2 <- t$G2.un; found$df <- t$df
  }
  found
}

# lavaan's public functions standardize; the steps behind them have the correlations themselves.
mixed <- function(x, continuous) {
  is <- names(x) %in% continuous
  s <- lavaan:::muthen1984(Data = x, ov.names = names(x), ov.types = ifelse(is, "numeric", "ordered"),
                           ov.levels = ifelse(is, 0L, sapply(x, function(v) length(unique(v)))))
  bread <- rbind(cbind(solve(s$A11), s$A12),
                 cbind(-solve(s$A22) %*% s$A21 %*% solve(s$A11), solve(s$A22)))
  rho <- nrow(s$A11) + seq_len(ncol(s$A22))
  list(correlation = unname(s$COR), acov = (bread %*% s$INNER %*% t(bread))[rho, rho])
}

bfi <- read("bfi")[, paste0("A", 1:5)]
found <- list(
  bfi = list(five = ordinal(na.omit(bfi)), five_pairwise = ordinal(bfi, "pairwise")),
  science = list(whole = ordinal(read("science"))),
  lsat7 = list(whole = ordinal(read("lsat7"))),
  empty = list(whole = ordinal(read("empty"))),
  mixed = list(mixed = mixed(read("mixed"), c("x3", "x5", "x6"))),
  improper = list(smoothed = unname(suppressWarnings(psych::cor.smooth(as.matrix(read("improper")))))))
for (name in names(found))
  write_json(found[[name]], file.path(out, paste0(name, ".json")), auto_unbox = TRUE, digits = 12)
