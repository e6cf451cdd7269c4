"""The regions of Azure's clouds as of 2026-11, to tell a slip from a region.

A region that is newer than this list is taken as it is written: a warning is all that is said.
https://learn.microsoft.com/azure/reliability/regions-list
"""

from __future__ import annotations

_NAMES = """
australiacentral australiacentral2 australiaeast australiasoutheast austriaeast belgiumcentral
brazilsouth brazilsoutheast canadacentral canadaeast centralindia centralus centraluseuap
chilecentral eastasia eastus eastus2 eastus2euap francecentral francesouth germanynorth
germanywestcentral indonesiacentral israelcentral italynorth japaneast japanwest jioindiacentral
jioindiawest koreacentral koreasouth malaysiawest mexicocentral newzealandnorth northcentralus
northeurope norwayeast norwaywest polandcentral qatarcentral southafricanorth southafricawest
southcentralus southeastasia southindia spaincentral swedencentral swedensouth switzerlandnorth
switzerlandwest uaecentral uaenorth uksouth ukwest westcentralus westeurope westindia westus
westus2 westus3
chinaeast chinaeast2 chinaeast3 chinanorth chinanorth2 chinanorth3
usdodcentral usdodeast usgovarizona usgovtexas usgovvirginia
"""
KNOWN_REGIONS = frozenset(_NAMES.split())
