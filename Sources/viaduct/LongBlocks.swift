import CMalloc

/// What the C library does with long blocks of memory, such as the bodies of uploads.
enum LongBlocks {
    /// Has each go back to the system when it is freed (decision 0016), and the heaps keep what lies
    /// below the bound: else each block of that size would make a heap grow and shrink again.
    static func giveBack() {
        #if canImport(Glibc)
            mallopt(M_MMAP_THRESHOLD, 256 << 10)
            mallopt(M_TRIM_THRESHOLD, 1 << 20)
        #endif
    }
}
