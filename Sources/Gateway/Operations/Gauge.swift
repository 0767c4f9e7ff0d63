/// A family of numbers that rise and fall, for the metrics: no label comes from a client.
package struct Gauge: Sendable, Equatable {
    package let name: String
    package let help: String
    package private(set) var samples: [Sample] = []

    package struct Sample: Sendable, Equatable {
        package let value: Int
        /// Names and values.
        package let labels: [String: String]
    }

    package init(_ name: String, help: String) {
        self.name = name
        self.help = help
    }

    /// Adds one number.
    package mutating func add(_ value: Int, _ labels: [String: String] = [:]) {
        samples.append(Sample(value: value, labels: labels))
    }
}

extension Exposition {
    /// Writes a family; one without numbers is not told of.
    mutating func add(_ gauge: Gauge) {
        guard !gauge.samples.isEmpty else { return }
        begin(gauge.name, "gauge", gauge.help)
        for sample in gauge.samples {
            add(sample.value, sample.labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        }
    }
}
