import FoundationEssentials
import Postgres
import Reports

/// The pictures of one report or update, as the part of the statement that stores it: rows and
/// report appear together or not at all (M9).
struct MediaRows {
    /// Files that lie there already, each once, in their order.
    let pictures: [StoredPicture]
    /// What is yet to be fetched, behind them.
    let addresses: [String]
    let client: Client.ID
    let now: Date

    init(pictures: [StoredPicture], addresses: [String], by client: Client.ID, now: Date) {
        var seen: Set<StoredPicture.Name> = []
        self.pictures = pictures.filter { seen.insert($0.name).inserted }
        self.addresses = addresses
        self.client = client
        self.now = now
    }

    /// The names that the report or update shows at once.
    var names: [String] { pictures.map(\.name.rawValue) }

    /// `, pictured AS (…)`, or nothing if there is nothing to store.
    ///
    /// `report` and `update` say whose pictures they are, as expressions over the one row, or none,
    /// of `source`: without a row nothing is stored.
    func part(report: SQL, update: SQL = "NULL", from source: SQL) -> SQL {
        guard !pictures.isEmpty || !addresses.isEmpty else { return "" }
        return """
            , pictured AS (
                INSERT INTO media (
                    report, "update", ordinal, client, state, name, source, due, recorded)
                SELECT \(report), \(update), given.place, \(client.rawValue),
                    CASE WHEN given.name IS NULL THEN 'pending' ELSE 'stored' END, given.name,
                    given.source, CASE WHEN given.name IS NULL THEN \(now) END, \(now)
                FROM \(source), unnest(
                    \(pictures.map { Optional($0.name.rawValue) } + addresses.map { _ in nil }),
                    \(pictures.map { _ in nil } + addresses.map { Optional($0) }))
                    WITH ORDINALITY AS given (name, source, place)
            )
            """
    }
}
