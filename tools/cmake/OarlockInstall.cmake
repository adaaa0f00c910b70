# Installed: libraries, public headers, the CMake package oarlock, oarlock.pc.
