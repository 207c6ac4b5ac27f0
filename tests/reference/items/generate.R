# Item statistics of psych: alpha()'s item.stats and alpha.drop, pairwise and on complete cases,
# and describe() with all three types of skew and kurtosis.
# Usage: Rscript tests/reference/items/generate.R OUT   -> OUT/NAME.json for each data set
suppressMessages({library(psych); library(jsonlite)})
folder <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
out <- commandArgs(TRUE)[1]

item_stats <- function(x) {
  a <- psych::alpha(x, check.keys = FALSE, warnings = FALSE)
  r <- cor(x, use = "pairwise"); r <- r[lower.tri(r)]
  list(alpha = a$total$raw_alpha, raw_r = a$item.stats$raw.r, r_cor = a$item.stats$r.cor,
       r_drop = a$item.stats$r.drop, alpha_drop = a$alpha.drop$raw_alpha,
       r_mean = mean(r), r_min = min(r), r_max = max(r))
}
# Item by item: of a data frame with missing answers, kurtosi(type = 1) multiplies by the number of
# rows instead of answers (psych 2.2.9).
shape <- function(x, f, type) unname(sapply(x, function(v) f(v[!is.na(v)], type = type)))
for (name in c("bfi", "holzinger", "science", "lsat7")) {
  x <- read.csv(file.path(folder, "..", "data", paste0(name, ".csv")))
  x <- x[, setdiff(names(x), "group")]
  found <- list(pairwise = item_stats(x), complete = item_stats(na.omit(x)))
  for (type in 1:3) {
    d <- psych::describe(x, type = type)
    found[[paste0("describe_", type)]] <-
      list(n = d$n, mean = d$mean, sd = d$sd, skew = d$skew, 
           kurtosis = shape(x, psych::kurtosi, type))
  }
  write_json(found, file.path(out, paste0(name, ".json")), auto_unbox = TRUE, digits = 12)
}
