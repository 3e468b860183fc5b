"""The levelised cost of heat. Read the three rooms in this order.

assumptions: `parameters` every value that the model needs, with its unit and bounds; `assumptions` rows of values,
checked; `overrides` replaces some; `resolution` and `scenario_rules` bring rows to every year and one year's prices;
`scenarios` the values that one scenario sees; `refusals` the errors.

model: `conventions` how the model is read, named options as data; `perspectives` who counts costs; `cash_flows`
equation (1); `sizing` and `systems` a system in one home, and what energy costs; `load_shape` the load of many homes
through the year and their peak, `load_rows` derives one where there are no readings; `pipes`, `plant`; `places` the
homes, pipes and heat of one network; `networks` its flows; `heat_pumps` COP of an hour, `performance` SPF of a dwelling
type; `valuation` flows to a cost; **`what_if`** one case, one change, one evaluation, which everything below asks.

results: `costed` the systems that a scenario can cost; `table` the table `lcoh`; `households`, `intervals`, `curves`
(figures 7 and 8 of the paper), `uncertainty`, `variance`, `probability`, `abatement`, `break_even`, `finance`,
`explain`.
"""
