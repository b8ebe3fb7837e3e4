# every change
# bind and release without a reboot: the driver changes at once and back, a device whose ids vfio-pci knows comes back to its own
# driver all the same, a bridge is refused, and what fails leaves the device where it was.
machine --init fast --topology intel <<-'INSIDE'
	expect_driver 03:00.0 e1000e
	vfiotui bind --yes 03:00.0
	expect_driver 03:00.0 vfio-pci
	vfiotui bind --yes 03:00.0 | grep already
	vfiotui list --json | jq -e '.groups[].devices[] | select(.address == "0000:03:00.0") | .driver == "vfio-pci"'
	vfiotui release 03:00.0
	expect_driver 03:00.0 e1000e
	[ "$(cat /sys/bus/pci/devices/0000:03:00.0/driver_override)" = "(null)" ]

	# vfio-pci knows the ids and would take it again
	echo "8086 10d3" >/sys/bus/pci/drivers/vfio-pci/new_id
	vfiotui bind --yes 03:00.0
	vfiotui release 03:00.0
	expect_driver 03:00.0 e1000e

	bridge=$(vfiotui list --json | jq -r '[.groups[].devices[] | select(.class == "0604") | .address][0]')
	before=$(readlink "/sys/bus/pci/devices/$bridge/driver")
	if vfiotui bind "$bridge"; then fail "a bridge was handed over"; fi
	if vfiotui bind --yes --force bridge-marked --force group-incomplete "$bridge"; then fail "a bridge was handed over"; fi
	[ "$(readlink "/sys/bus/pci/devices/$bridge/driver")" = "$before" ]
	if vfiotui bind 77:00.0; then fail "a device that is not there was handed over"; fi
INSIDE
