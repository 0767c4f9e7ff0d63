import Federation
import Foundation
import Postgres
import SQLTable
import Ways

extension SQLTableAdapter {
    /// What a peer's file says of two tables: their database as `address`, its password in
    /// `api_key_file`, their schema as `sql_table: {schema: …}` (`Adapters/SQLTable/README.md`).
    @Sendable static func choice(_ entry: inout AdapterEntry) -> AdapterChoice? {
        guard let address = address(&entry) else { return nil }
        let schema = entry.own?.optional("schema")?.text(&entry.findings) ?? "viaduct"
        let secret = entry.apiKey?.value
        let way = TableWay(address: address, password: secret, schema: schema)
        return AdapterChoice(address: address, way: .own { way.wire() }, words: PeerWords()) { _ in
            SQLTableAdapter(hiding: secret.map { [$0] } ?? [])
        }
    }

    private static func address(_ entry: inout AdapterEntry) -> String? {
        guard let text = entry.address.text(&entry.findings) else { return nil }
        guard Pool.isAddress(text) else {
            entry.findings.add(
                "needs a database such as postgresql://viaduct_gateway@db.example/works",
                at: entry.address)
            return nil
        }
        guard !Pool.holdsPassword(text) else {
            entry.findings.add(
                "holds a password; put it into a file and name that as api_key_file",
                at: entry.address)
            return nil
        }
        return text
    }
}
