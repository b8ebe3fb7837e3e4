# every change
# The list agrees with the kernel's own groups and with lspci on every topology, with the IOMMU off, and on AMD-Vi.
for topology in intel amd switch-no-acs legacy-bridge ports-no-acs many-functions; do
	machine --init fast --topology $topology <<-'INSIDE'
		kernel_groups >/tmp/kernel
		our_groups >/tmp/ours
		diff /tmp/kernel /tmp/ours
		# Devices, classes, ids and drivers as lspci has them.
		lspci -Dnk | awk '
			/^[0-9a-f]/ { if (a) print a, d; a = $1 " " $3; d = "-" }
			/Kernel driver in use/ { d = $NF }
			END { print a, d }' | sort >/tmp/lspci
		vfiotui list --json | jq -r '(.groups[].devices[], .ungrouped[]) |
			"\(.address) \(.vendor):\(.device) \(.driver // "-")"' | sort >/tmp/list
		diff /tmp/lspci /tmp/list
		[ "$(vfiotui list --json | jq -r .host.iommu)" = on ]
		say "$(wc -l </tmp/list) devices, $(wc -l </tmp/kernel) of them in groups: the same as the kernel and lspci"
	INSIDE
done
machine --init fast --cmdline intel_iommu=off <<-'INSIDE'
	[ "$(vfiotui list --json | jq -r .host.iommu)" = off ]
	[ "$(vfiotui list --json | jq '.groups | length')" = 0 ]
	[ "$(vfiotui list --json | jq '.ungrouped | length')" = "$(lspci | wc -l)" ]
	vfiotui check --json | jq -e '.findings[] | select(.code == "iommu-off")'
INSIDE
