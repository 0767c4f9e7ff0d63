/// What is wrong with a call, gathered so that one answer names every fault (GR-10).
struct Problems {
    private var sentences: [String] = []
    private var other: Fault?

    /// How much is wrong so far.
    var count: Int { sentences.count + (other == nil ? 0 : 1) }

    /// Adds a sentence; it begins with the parameter's name.
    mutating func add(_ sentence: String) {
        sentences.append(sentence)
    }

    /// Adds what is no 400: it decides the status.
    mutating func add(_ fault: Fault) {
        other = other ?? fault
    }

    /// The value, or `nil` with its fault added to the others.
    mutating func collect<Value>(_ value: () throws(Fault) -> Value?) -> Value? {
        do {
            return try value()
        } catch {
            switch error.kind {
            case .malformed: sentences += error.problems
            default: other = other ?? error
            }
            return nil
        }
    }

    /// Throws if anything was wrong; what is no 400 comes first, for it decides the status.
    func check() throws(Fault) {
        if let other { throw other }
        guard sentences.isEmpty else { throw Fault(.malformed, sentences) }
    }
}
