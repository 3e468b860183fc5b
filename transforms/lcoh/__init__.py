"""The levelised cost of heat. Read in this order, one step each.

`parameters`   every figure that the model needs, with its unit and bounds
`assumptions`  rows of figures, checked; `overrides` replaces some, `scenarios` is what one scenario sees of them
`conventions`  how the model is read: named options, as data
`cash_flows`   equation (1): flows by year to a cost per MWh
`systems`      yearly flows of a gas boiler and of heat pumps in one home
`networks`     yearly flows of a heat network with a large heat pump
`table`        demand and assumptions in, the table `lcoh` out
`sensitivity`  the cost of a network when one thing changes
"""
