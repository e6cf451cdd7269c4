"""The image factory: definitions in git become custom images in DevTest Labs.

Data flows one way: definitions + settings + ledger + what Azure reports -> plan -> components.
Start reading at :mod:`factory.program`, where reading (:mod:`factory.gather`), deciding
(:mod:`factory.plan`) and declaring (:mod:`factory.components`) meet. Who may import whom is the
contract in pyproject.toml, and `make lint` keeps it.
"""

__version__ = "0.1.0"
