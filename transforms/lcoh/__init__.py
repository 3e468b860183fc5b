"""The levelised cost of heat. Read in this order, one step each.

`parameters`   every figure that the model needs, with its unit and bounds
`assumptions`  rows of figures, checked; `overrides` replaces some
`resolution`   rows and `scenario_rules` to every series in every year and one year's prices; `scenarios`: what one sees
`conventions`  how the model is read: named options, as data; `perspectives`: who counts costs
`cash_flows`   equation (1): flows by year to a cost per MWh
`sizing`       what a system in one home must be able to do
`systems`      yearly flows of a gas boiler and of heat pumps in one home
`load_shape`   the load of many homes through the year, their peak; `load_rows` makes one up where there are no readings
`pipes`        width, cost and loss of buried pipes; `plant` heat pump, store and peak plant
`networks`     yearly flows of a heat network with a large heat pump
`heat_pumps`   COP of an hour; `performance`: SPF of a dwelling type from its weather and load
`valuation`    flows to a cost, by the convention's rates and taxes
`table`        demand and assumptions in, the table `lcoh` out
`sensitivity`  the cost of a system when something changes; `curves`: figures 7 and 8 of the paper
`uncertainty`  documented ranges and draws from them; `variance`: Sobol indices; `probability`: how often one is cheapest
`finance`      a network as an investment
`explain`      the cash flow behind one number
`comparison`   systems beside a gas boiler: `abatement`, cost of a saved tonne; `break_even`, where costs are equal
"""
