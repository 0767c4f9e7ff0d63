import AdapterKit
import Crypto
import Federation
import FileDrop
import Foundation
import Reports
import Testing

@Suite struct FileCollectingTests {
    private let folder = MemoryFolder()
    private static let columns = FileDropSettings.Reading(
        columns: [.report: "NR", .status: "STATUS", .text: "NOTE", .told: "ZEIT", .media: "FOTO"],
        zone: TimeZone(identifier: "Europe/Sofia") ?? .gmt, times: "dd.MM.yyyy HH:mm")

    private func settings(
        checksums: Bool = false, encoding: String.Encoding = .utf8
    ) -> FileDropSettings {
        FileDropSettings(
            table: FileDropSettings.Table(separator: ";", encoding: encoding),
            reading: Self.columns, checksums: checksums)
    }

    /// All that is read until there is nothing more, page by page.
    private func read(
        _ settings: FileDropSettings, after cursor: Cursor? = nil
    ) async throws -> (items: [Incoming], unreadable: [String], next: Cursor) {
        var page = try await FileDropAdapter(settings).collect(after: cursor, over: folder.wire())
        var (items, unreadable) = (page.items, page.unreadable)
        while !page.isLast {
            page = try await FileDropAdapter(settings).collect(
                after: page.next, over: folder.wire())
            items += page.items
            unreadable += page.unreadable
        }
        return (items, unreadable, page.next)
    }

    @Test func `a file is read when it looks the same twice, and is archived`() async throws {
        folder.put("NR;STATUS;NOTE;ZEIT;FOTO\nngo-1;done;Sand;24.11.2026 10:15;p.jpg\n", "in/a.csv")
        let first = try await read(settings())
        #expect(first.items.isEmpty)
        let second = try await read(settings(), after: first.next)
        let update = try #require(second.items.first)
        guard case .update(let said) = update else {
            Issue.record("no update")
            return
        }
        #expect(said.report == "ngo-1")
        #expect(said.status == "done")
        #expect(said.description == "Sand")
        #expect(said.told.formatted(.iso8601) == "2026-11-24T08:15:00Z")
        #expect(said.media == [PeerPicture.named("p.jpg")])
        #expect(folder.names == ["archive/in-a.csv"])
        #expect(try await read(settings(), after: second.next).items.isEmpty)
    }

    @Test func `a file that is still being written waits`() async throws {
        folder.put("NR;STATUS\nngo-1;d", "in/a.csv")
        let first = try await read(settings())
        folder.put("NR;STATUS\nngo-1;done\n", "in/a.csv")
        let second = try await read(settings(), after: first.next)
        #expect(second.items.isEmpty)
        #expect(try await read(settings(), after: second.next).items.count == 1)
    }

    @Test func `with checksums a file is read once its own is there and fits`() async throws {
        let text = "NR;STATUS\nngo-1;done\n"
        folder.put(text, "in/a.csv")
        folder.put(text, "in/b.csv")
        folder.put("0000  b.csv\n", "in/b.csv.sha256")
        let first = try await read(settings(checksums: true))
        #expect(first.items.isEmpty)
        #expect(first.unreadable == ["the checksum of b.csv does not fit"])
        folder.put("1111  a.csv\n", "in/a.csv.sha256")
        #expect(try await read(settings(checksums: true)).items.isEmpty)
        folder.put("\(Self.digest(text))  a.csv\n", "in/a.csv.sha256")
        #expect(try await read(settings(checksums: true)).items.count == 1)
        #expect(folder.names.contains("archive/in-a.csv.sha256"))
    }

    @Test func `a reading that stopped is read again and then archived`() async throws {
        folder.put("NR;STATUS\nngo-1;done\n", "in/a.csv")
        let first = try await read(settings())
        let adapter = FileDropAdapter(settings())
        let page = try await adapter.collect(after: first.next, over: folder.wire())
        // We stopped before the page was kept: the cursor is the old one.
        let again = try await adapter.collect(after: first.next, over: folder.wire())
        #expect(page == again)
        #expect(folder.names == ["in/a.csv"])
    }

    @Test func `rows that cannot be read cost the others nothing`() async throws {
        folder.put(
            "NR;STATUS;ZEIT\n;done;24.11.2026 10:15\nngo-2;done;tomorrow\nngo-3;done;24.11.2026 10:16\n",
            "in/a.csv")
        let read = try await read(settings(), after: try await self.read(settings()).next)
        #expect(read.items.count == 1)
        #expect(read.unreadable.map { $0.prefix(5) } == ["row 2", "row 3"])
    }

    @Test func `the same row has the same id wherever it stands`() async throws {
        folder.put("NR;STATUS;ZEIT\nngo-3;done;24.11.2026 10:16\n", "in/a.csv")
        folder.put(
            "NR;STATUS;ZEIT\nngo-4;done;24.11.2026 10:17\nngo-3;done;24.11.2026 10:16\n", "in/b.csv"
        )
        let read = try await read(settings(), after: try await self.read(settings()).next)
        let ids = read.items.compactMap { item in
            if case .update(let update) = item { update.id } else { nil }
        }
        #expect(ids.count == 3)
        #expect(Set(ids).count == 2)
    }

    @Test func `letters are read in the encoding that the settings name`() async throws {
        let text = "NR;STATUS;NOTE;ZEIT\nngo-1;готово;Дупката е запълнена;24.11.2026 10:15\n"
        folder.put(Array(text.data(using: .windowsCP1251) ?? Data()), "in/a.csv")
        let settings = settings(encoding: .windowsCP1251)
        let read = try await read(settings, after: try await self.read(settings).next)
        guard case .update(let said) = try #require(read.items.first) else { return }
        #expect(said.status == "готово")
        #expect(said.description == "Дупката е запълнена")
    }

    @Test func `GeoReport's documents are read as what they are`() async throws {
        folder.put(
            """
            <service_request_updates><request_update><update_id>7</update_id>
            <service_request_id>ngo-1</service_request_id><status>closed</status>
            <updated_datetime>2026-11-24T10:15:00+02:00</updated_datetime>
            <description>Sand</description></request_update></service_request_updates>
            """, "in/a.xml")
        let settings = FileDropSettings(format: .xml)
        let read = try await read(settings, after: try await self.read(settings).next)
        guard case .update(let said) = try #require(read.items.first) else { return }
        #expect(said.id == "7")
        #expect(said.told.formatted(.iso8601) == "2026-11-24T08:15:00Z")
    }

    @Test func `a missing folder is for the operator, and no empty one`() async throws {
        let wire = Wire(now: { Date() }) { _ in Wire.Reply(status: 404) }
        let error = await #expect(throws: PeerError.self) {
            try await FileDropAdapter(settings()).collect(after: nil, over: wire)
        }
        #expect(error?.kind == .forbidden)
    }

    private static func digest(_ text: String) -> String {
        SHA256.hash(data: Data(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            .joined()
    }
}
