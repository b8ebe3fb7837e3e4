# every change
# Without an override the model makes the kernel's own groups, exactly, on every topology. The what-if is held against reality:
# root ports without ACS, foretold under "downstream", give what the kernel forms where the same ports have it.
for topology in intel amd switch-no-acs legacy-bridge ports-no-acs many-functions; do
	machine --init fast --topology $topology --out "$TMP" <<-INSIDE
		vfiotui acs --json >/tmp/acs
		jq -r .confidence /tmp/acs
		jq -c '.groups[] | select(.cause != "single")' /tmp/acs
		[ "\$(jq -r .confidence /tmp/acs)" = exact ]
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
	diff "$TMP/foretold-$topology" "$TMP/formed-$topology"
	echo "measured: $topology: $(wc -l <"$TMP/formed-$topology") groups foretold as the kernel forms them with ACS"
done
