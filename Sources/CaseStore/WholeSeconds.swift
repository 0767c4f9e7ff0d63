import FoundationEssentials

extension Date {
    /// The moment without its fraction of a second.
    ///
    /// Times are stored as they are published, so that an inclusive bound taken from an answer finds
    /// the row it came from (GR-21), and plain comparisons can use an index.
    var wholeSeconds: Date {
        Date(timeIntervalSince1970: timeIntervalSince1970.rounded(.down))
    }

    /// Whether GeoReport's dates reach that far: the years 1970 to 2100 (T2).
    var isPublishable: Bool {
        (0..<4_133_980_800).contains(timeIntervalSince1970)
    }

    /// The moment after so long a time.
    func advanced(by duration: Duration) -> Date {
        addingTimeInterval(duration / .seconds(1))
    }
}
