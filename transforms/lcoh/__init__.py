"""The levelised cost of heat. Read the three rooms in this order.

assumptions: `parameters` declares every value that the model needs, with its unit and bounds; `assumptions` checks rows
of values; `overrides` replaces some; `resolution` and `scenario_rules` extend series to every year and bring money to
one year's prices; `scenarios` holds the values of one scenario; `refusals` holds the errors.

model: `conventions` are named sets of rules; `perspectives` say whose costs count; `cash_flows` is equation (1);
`sizing` and `systems` are a system in one home, and the cost of energy; `load_shape` is the load of many homes through
the year and their peak, and `load_rows` derives one without readings; `pipes` and `plant` are parts of networks;
`places` holds the homes, pipes and heat of one network, and `networks` its flows; `heat_pumps` gives the COP of an
hour, and `performance` the SPF of a dwelling type; `valuation` turns flows into a cost; **`what_if`** evaluates one
case under one change, and every module below uses it.

results: `costed` the systems that a scenario can cost; `table` the table `lcoh`; `households`, `intervals`, `curves`
(figures 7 and 8 of the paper), `uncertainty`, `variance`, `probability`, `abatement`, `break_even`, `finance`,
`explain`.
"""
