# What no desktop has: switches in switches, PCI bridges behind switches, virtual functions, more root buses, functions of one slot on the
# root bus that are bridges and endpoints; the same behind AMD-Vi; and ACS that is there but was switched off by a parameter of the
# kernel. The list and the ACS model agree with the kernel on each.
odd() { # TOPOLOGY [OPTION...]
	machine --init fast --topology "$@" <<-'INSIDE'
		agrees
		for vfs in /sys/bus/pci/devices/*/sriov_totalvfs; do
			[ -e "$vfs" ] || continue
			cat "$vfs" >"${vfs%/*}/sriov_numvfs"
			udevadm settle
			say "virtual functions of ${vfs%/*}"
			agrees
		done
		if grep -q disable_acs_redir /proc/cmdline; then
			jq -e '.groups[] | select(.cause == "bits-off")' /tmp/acs
		fi
		echo "measured: agrees on $(wc -l </tmp/list) devices in $(cut -d ' ' -f 1 /tmp/kernel | sort -u | wc -l) groups"
	INSIDE
}
for topology in odd-nested odd-root-bus odd-virtual-functions odd-root-buses; do odd $topology; done
for topology in odd-nested odd-root-bus; do
	sed -e 's/intel_iommu=on/amd_iommu=on/; s/^#@ cpu.*/#@ cpu qemu64,+svm,+npt,+nrip-save/; /intel-iommu/d' \
		"$VM/topology/$topology.topo" >"$TMP/amd.topo"
	echo '-device amd-iommu,intremap=on' >>"$TMP/amd.topo" # last, for it takes the first free slot
	odd "$TMP/amd.topo"
done
odd intel --cmdline 'pci=disable_acs_redir=0000:00:02.0;0000:00:02.3'
odd many-functions --cmdline 'pci=disable_acs_redir=pci:1b36:000c'
