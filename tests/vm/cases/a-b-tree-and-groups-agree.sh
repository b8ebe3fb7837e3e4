# every change
# On every topology the list agrees with the kernel's own groups and with lspci, and without an override the ACS model makes the
# kernel's own groups, exactly. The what-if is held against reality: ports without ACS, foretold under "downstream", give what
# the kernel forms where the same ports have it. With the IOMMU off there are no groups.
for topology in intel amd switch-no-acs legacy-bridge ports-no-acs many-functions; do
	machine --init fast --topology $topology --out "$TMP" <<-INSIDE
		agrees
		vfiotui acs --override=downstream --json |
			jq -r '.would_be[] | sort | join(" ")' | sort >/vm/out/foretold-$topology
	INSIDE
done
for topology in ports-no-acs many-functions; do
	sed 's/,disable-acs=on//' "$VM/topology/$topology.topo" >"$TMP/with-acs.topo"
	machine --init fast --topology "$TMP/with-acs.topo" --out "$TMP" <<-INSIDE
		kernel_groups | awk '{ g[\$1] = g[\$1] (g[\$1] ? " " : "") \$2 } END { for (i in g) print g[i] }' |
			sort >/vm/out/formed-$topology
	INSIDE
	diff "$TMP/foretold-$topology" "$TMP/formed-$topology" || exit 1
	echo "measured: $topology: $(wc -l <"$TMP/formed-$topology") groups foretold as the kernel forms them with ACS"
done
machine --init fast --cmdline intel_iommu=off <<-'INSIDE'
	[ "$(vfiotui list --json | jq -r .host.iommu)" = off ]
	[ "$(vfiotui list --json | jq '.groups | length')" = 0 ]
	[ "$(vfiotui list --json | jq '.ungrouped | length')" = "$(lspci | wc -l)" ]
	vfiotui check --json | jq -e '.findings[] | select(.code == "iommu-off")'
INSIDE
