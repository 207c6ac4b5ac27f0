# Ladders of continuous items that the first figures lack.
# Rscript tests/reference/invariance/generate.R OUT   -> OUT/NAME.json for each data set
told <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(told, "..", "lavaan_figures.R"))

three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
steps <- list(configural = "", metric = "loadings", scalar = c("loadings", "intercepts"),
              strict = c("loadings", "intercepts", "residuals"))
ladder <- function(model, data, levels, tables = c(), method = "satorra.bentler.2001", ...) {
  fits <- lapply(levels, function(equal) fit(model, data, group = "group", group.equal = equal, ...))
  found <- lapply(fits, function(f) list(fit = fit_of(f)))
  for (level in tables) found[[level]] <- c(found[[level]], list(free = table_of(fits[[level]]), std = std_of(fits[[level]])))
  for (i in seq_along(levels)[-1]) found[[i]]$diff <- difference(fits[[i - 1]], fits[[i]], method = method)
  found
}
hs <- get_data("holzinger")
strict <- steps$strict
# Each of these is a step after the strict one.
further <- list(strict = strict, means = c(strict, "means"), variances = c(strict, "lv.variances"),
                covariances = c(strict, "lv.variances", "lv.covariances"),
                all = c(strict, "means", "lv.variances", "lv.covariances"))
further <- ladder(three, hs, further, tables = c("strict", "all"), estimator = "ML", method = "default")
# Each against the strict one, not against the one before.
fits <- list(strict = fit(three, hs, group = "group", group.equal = strict),
             all = fit(three, hs, group = "group", group.equal = c(strict, "means", "lv.variances", "lv.covariances")))
for (level in c("means", "variances", "covariances", "all")) further[[level]]$diff <- NULL
further$all$diff <- difference(fits$strict, fits$all)
correlated <- ladder(paste0(three, "\nx7 ~~ x8"), hs, estimator = "ML", method = "default", tables = "equal",
  list(scalar = steps$scalar, equal = c(steps$scalar, "residual.covariances")))
marker <- ladder(three, hs, steps[c("configural", "metric", "scalar")], std.lv = FALSE, tables = "scalar", estimator = "MLR")
partial <- ladder(three, hs, steps, tables = "scalar", estimator = "MLR", group.partial = c("x3 ~ 1", "speed =~ x8"))
second <- paste0(three, "\ng =~ visual + textual + speed")
second <- ladder(second, hs, steps[c("configural", "metric")], tables = "metric", estimator = "ML", method = "default")

# Factors with the scale of an item: each step's parameters lie, by name, in the step before.
anchored <- paste0(three, "\nx1 ~ 0*1\nx4 ~ 0*1\nx7 ~ 0*1\nvisual ~ NA*1\ntextual ~ NA*1\nspeed ~ NA*1")
in_schools <- function(model, equal) cfa(model, hs, group = "group", estimator = "MLR", group.equal = equal)
by_2010 <- function(less, more) lavTestLRT(less, more, method = "satorra.bentler.2010")[2, "Chisq diff"]
sb2010_marker <- list(
  metric = by_2010(in_schools(three, ""), in_schools(three, "loadings")),
  scalar = by_2010(in_schools(anchored, "loadings"), in_schools(anchored, c("loadings", "intercepts"))))

bfi <- get_data("bfi")
# A third group by a rule: females in odd rows of the file, and in even rows.
odd <- seq_len(nrow(bfi)) %% 2 == 1
bfi$group <- ifelse(bfi$group == "male", "male", ifelse(odd, "female odd", "female even"))
of <- function(name, letter) paste0(name, " =~ ", paste0(letter, 1:5, collapse = " + "))
items <- c(paste0("A", 1:5), paste0("N", 1:5))
two <- paste(of("agree", "A"), of("neuro", "N"), sep = "\n")
bfi <- na.omit(bfi[, c("group", items)])
finish(list(
  holzinger = list(ladder = ladder(three, hs, steps, tables = c("configural", "scalar"), estimator = "ML", method = "default"),
    sb2010 = ladder(three, hs, steps, tables = "metric", estimator = "MLR", method = "satorra.bentler.2010"),
    sb2010_marker = sb2010_marker, further = further, correlated = correlated, marker = marker, partial = partial, second = second),
  bfi = list(three_groups = ladder(two, bfi, steps, tables = "scalar", estimator = "MLR"))))
