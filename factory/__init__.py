"""The image factory: definitions in git become custom images in DevTest Labs.

Data flows one way: definitions + settings + ledger + what Azure reports -> plan -> components.
Start reading at :mod:`factory.program`; what happens is decided purely, in
:mod:`factory.plan.planner`.
"""
