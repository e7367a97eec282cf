module sigstand.test/rig/pause

go 1.25.0
