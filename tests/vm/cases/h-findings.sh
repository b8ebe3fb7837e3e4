# What the program says about this host is held against the host: the disk with the root file system, the display of the console,
# the card of the default route, the last keyboard; and a group that is not viable is one that QEMU refuses, too.
machine --topology intel --timeout 600 <<-'INSIDE'
	codes() { vfiotui check "$@" --json | jq -r '.findings[] | "\(.code) \(.severity)"' | sort -u; }
	root=$(basename "$(readlink -f /sys/class/block/vda/device/..)")
	codes "$root" | tee /tmp/codes
	grep -qx 'root-disk block' /tmp/codes
	if vfiotui apply "$root" --yes >/tmp/out; then fail "the root disk was handed over"; fi
	codes 00:01.0 | tee /tmp/codes
	grep -q '^console-display ' /tmp/codes
	codes 00:14.0 | tee /tmp/codes
	grep -q '^last-keyboard ' /tmp/codes

	link=$(basename /sys/bus/pci/devices/0000:03:00.0/net/*)
	ip link set "$link" up
	ip address add 192.0.2.1/24 dev "$link"
	ip route add default via 192.0.2.2
	codes 03:00.0 | tee /tmp/codes
	grep -q '^default-route ' /tmp/codes
	codes 04:00.0 | tee /tmp/codes
	! grep -q '^default-route ' /tmp/codes || fail "the route does not go over 04:00.0"

	# One device of two in a group: the program blocks it, and QEMU says why
	codes 0a:01.0 | tee /tmp/codes
	grep -q '^group-incomplete block' /tmp/codes
	if vfiotui bind --yes 0a:01.0; then fail "half a group was handed over"; fi
	vfiotui bind --yes --force group-incomplete 0a:01.0 || true
	if [ "$(driver_of 0a:01.0)" = vfio-pci ]; then
		qemu-system-x86_64 -machine q35 -nodefaults -display none -S -device vfio-pci,host=0a:01.0 2>/tmp/qemu </dev/null &
		pid=$!
		sleep 20
		kill $pid 2>/dev/null || true
		cat /tmp/qemu
		grep -q 'not viable' /tmp/qemu
	fi
INSIDE
