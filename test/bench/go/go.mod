module sigstand/bench

go 1.24
