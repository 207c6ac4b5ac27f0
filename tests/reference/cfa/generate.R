# Models of continuous items that the first figures lack.
# Rscript tests/reference/cfa/generate.R OUT   -> OUT/NAME.json for each data set
told <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(told, "..", "lavaan_figures.R"))

hs <- get_data("holzinger"); hs$group <- NULL
three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
nine <- paste0("x", 1:9, collapse = " + ")
whole <- function(f) solution(f, std = std_of(f), r2 = named(lavInspect(f, "rsquare")))
of_factors <- function(model, data, f) list(residuals = matrix_of(residuals(f, type = "cor")$cov),
  omega = as.list(compRelSEM(f)), ave = as.list(AVE(f)), htmt = matrix_of(htmt(model, data = data)))
scores <- function(f, method) unname(unclass(lavPredict(f, method = method))[1:20, , drop = FALSE])

f <- fit(three, hs)
factors <- c(whole(f), of_factors(three, hs, f), list(modification = mi_of(f), n = nobs(f),
  regression = scores(f, "regression"), bartlett = scores(f, "Bartlett")))
marker <- whole(fit(three, hs, std.lv = FALSE))
marker$modification <- mi_of(fit(three, hs, std.lv = FALSE))
orthogonal <- whole(fit(three, hs, orthogonal = TRUE))
higher <- fit(paste0(three, "\ng =~ visual + textual + speed"), hs)
higher_marker <- fit(paste0(three, "\ng =~ visual + textual + speed"), hs, std.lv = FALSE)
# The tests of the first factor have no factor of their own beside the general one.
bifactor <- fit(paste0("g =~ ", nine, "\n", sub("[^\n]*\n", "", three)), hs, orthogonal = TRUE)
# With all three, x1's residual variance is negative and three of the errors are enormous.
heywood <- fit(paste0("g =~ ", nine, "\n", three), hs, orthogonal = TRUE)
correlated <- fit(paste0(three, "\nx7 ~~ x8\nx1 ~~ x9"), hs)
labelled <- fit("visual =~ a*x1 + a*x2 + x3\ntextual =~ b*x4 + c*x5 + d*x6\nspeed =~ x7 + x8 + x9\nx7 ~~ e*x7\nx8 ~~ e*x8\nb == c\nvisual ~~ 0.3*speed", hs)
linear <- fit("visual =~ a*x1 + b*x2 + x3\ntextual =~ c*x4 + d*x5 + x6\nspeed =~ x7 + x8 + x9\na == 2*b - 0.25", hs)
# A factor's variance free and its second loading fixed; its first loading free by NA*.
freed <- fit("visual =~ NA*x1 + 0.6*x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\nvisual ~~ NA*visual", hs, std.lv = FALSE)
means <- fit(paste0(three, "\n", nine, " ~ 1"), hs, estimator = "MLR", meanstructure = TRUE)
fixed_mean <- fit(paste0(three, "\nx1 ~ 5*1\nx2 ~ m*1\nx5 ~ 1\nx4 ~ m2*1\nx9 ~ 1"), hs, meanstructure = TRUE)
robust <- fit(paste0(three, "\nx7 ~~ x8"), hs, estimator = "MLR")
plain <- fit(three, hs, estimator = "MLR")
equal <- fit("visual =~ a*x1 + a*x2 + a*x3\ntextual =~ b*x4 + b*x5 + b*x6\nspeed =~ d*x7 + d*x8 + d*x9", hs, estimator = "MLR")
one <- fit(paste("g =~", nine), hs, estimator = "MLR")
differences <- list(
  correlated_sb2001 = difference(robust, plain, method = "satorra.bentler.2001"),
  equal_sb2001 = difference(plain, equal, method = "satorra.bentler.2001"),
  equal_sb2010 = difference(plain, equal, method = "satorra.bentler.2010"),
  ml = difference(fit(three, hs), fit(sub("\n.*", "", paste("g =~", nine)), hs)))

bfi <- get_data("bfi"); bfi$group <- NULL; bfi <- na.omit(bfi)
of <- function(name, letter) paste0(name, " =~ ", paste0(letter, 1:5, collapse = " + "))
five <- paste(of("agree", "A"), of("consc", "C"), of("extra", "E"), of("neuro", "N"), of("open", "O"), sep = "\n")
f <- fit(five, bfi)
m <- mi_of(f); top <- order(-m$mi)[1:30]
bfi_factors <- c(list(fit = fit_of(f), r2 = named(lavInspect(f, "rsquare"))), of_factors(five, bfi, f),
  list(modification = lapply(m, `[`, top), regression = scores(f, "regression"), bartlett = scores(f, "Bartlett")))
second <- fit(paste0(five, "\ngeneral =~ agree + consc + extra + neuro + open"), bfi, estimator = "MLR")

finish(list(
  bfi = list(factors = bfi_factors, second = list(fit = fit_of(second), free = table_of(second))),
  holzinger = list(factors = factors, marker = marker, orthogonal = orthogonal, higher = whole(higher),
    higher_marker = whole(higher_marker), bifactor = whole(bifactor), heywood = list(fit = fit_of(heywood)), correlated = whole(correlated),
    labelled = whole(labelled), linear = whole(linear), freed = whole(freed), means = whole(means),
    fixed_mean = whole(fixed_mean), robust = whole(robust), equal = whole(equal), differences = differences)))
