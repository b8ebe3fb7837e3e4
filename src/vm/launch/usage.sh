# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=all # a part of the launch script, which is checked as a whole
#
# It needs bash and QEMU, nothing of vfiotui. Change it as you like: vfiotui does not
# write over a script that was changed. Each value of its first part, the settings, may be
# edited; one more disk or device needs arguments too, so add those to the VM's profile.
#
#   --check             only looks whether all is ready
#   --print             only shows the QEMU command
#   --cdrom ISO         puts in a CD image and boots it first (again for more)
#   --display[=qxl]     a standard VGA screen, for installing the guest or its drivers
#   --no-devices        starts without the PCI and USB devices
#   --create-disk SIZE  creates the first disk's image ("64G") and ends
#   -- ARGUMENT...      gives QEMU more arguments
#
# Ctrl-C (or TERM) presses the guest's power button; a second one switches it off. Devices
# that the host still had are handed over at the start and given back at every end.
#
# shellcheck disable=SC2317 # functions that only traps and other functions call
set -euo pipefail

# --- settings ---

