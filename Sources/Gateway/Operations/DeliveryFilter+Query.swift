import CaseStore
import Federation
import GeoReport
import Reports

extension DeliveryFilter {
    /// What an operator asks for in an address.
    init(query: Parameters) throws(Fault) {
        self.init()
        for item in query.all where !item.value.isEmpty {
            try read(item)
        }
    }

    private mutating func read(_ item: Parameters.Item) throws(Fault) {
        switch item.name {
        case "report": report = try Self.known(item, Report.ID(rawValue: item.value))
        case "peer": peer = try Self.known(item, Peer.Name(rawValue: item.value))
        case "id": id = try Self.known(item, Int(item.value).map { Delivery.ID(number: $0) })
        case "limit":
            limit = min(max(try Self.known(item, Int(item.value)), 1), 1000)
        case "state":
            for word in item.value.split(separator: ",") {
                states.insert(try Self.known(item, Delivery.State(rawValue: String(word))))
            }
        default: throw Fault(.malformed, "\(item.name): is no parameter of this page")
        }
    }

    private static func known<Value>(
        _ item: Parameters.Item, _ value: Value?
    ) throws(Fault) -> Value {
        guard let value else { throw Fault(.malformed, "\(item.name): cannot be that") }
        return value
    }
}
