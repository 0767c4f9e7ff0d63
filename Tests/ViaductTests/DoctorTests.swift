import Foundation
import Testing

@testable import viaduct

@Suite struct DoctorTests {
    @Test func `each examination has a name and a sentence of its own`() {
        #expect(Set(Examination.allCases.map(\.about)).count == Examination.allCases.count)
        #expect(Examination.allCases.count >= 30)
    }

    @Test(arguments: [
        ("1024                 524288               files", 1024),
        ("unlimited unlimited files", nil),
    ])
    func `limits are read as Linux tells them`(line: String, files: Int?) {
        let limits = ProcessLimits(
            "Limit  Soft Limit  Hard Limit  Units\nMax open files            \(line)\n"
                + "Max core file size        unlimited            unlimited            bytes\n")
        #expect(limits.openFiles == files)
        #expect(limits.coreSize == .max)
        #expect(ProcessLimits("").coreSize == nil)
    }

    @Test func `a complaint says where, what, and what to do`() {
        let complaint = Complaint(.boundaries, .wrong, "encloses no area", advice: "draw it again")
        #expect(complaint.sentence == "encloses no area; draw it again")
        let placed = complaint.at("city.yaml", line: 8, key: "boundary")
        #expect(placed.sentence == "city.yaml:8: boundary: encloses no area; draw it again")
        let told = Complaint(.role, .warning, "It is so.", advice: "Do this.")
        #expect(told.sentence == "It is so. Do this.")
    }

    @Test func `a chart is fine only if nothing was found`() throws {
        var chart = Chart()
        chart.skip([.backup], because: "it is elsewhere")
        #expect(chart.page.isFine)
        chart.add(Complaint(.role, .warning, "a superuser"))
        #expect(!chart.isWrong)
        #expect(!chart.page.isFine)
        chart.add(Complaint(.role, .wrong, "no rights"))
        let results = Dictionary(
            chart.page.checks.map { ($0.name, $0.result) }, uniquingKeysWith: { first, _ in first })
        #expect(results["role"] == "wrong")
        #expect(results["backup"] == "skipped")
        #expect(results["disk"] == "ok")
    }

    @Test func `a key is found on its line`() throws {
        let place = try Workspace([
            "viaduct.yaml": "contact: me\nhttp:\n  port: 1\n  public_url: x\n"
        ])
        let file = SettingsFile(place.path("viaduct.yaml"))
        #expect(file.line(of: "http.public_url") == 4)
        #expect(file.line(of: "http.host") == nil)
        #expect(file.line(of: "contact.name") == nil)
    }

    @Test func `a restore begins with the newest backup that was finished before`() throws {
        let place = try Workspace()
        let shelf = BackupShelf(place.path)
        #expect(shelf.backup(before: nil) == nil)
        for (hour, contents) in [(1, Backup.Contents.included), (2, .included), (3, .elsewhere)] {
            let time = Date(timeIntervalSince1970: Double(hour) * 3600)
            try shelf.record(
                Backup(name: "\(hour)", started: time, finished: time, database: contents))
        }
        #expect(shelf.backups.map(\.name) == ["1", "2", "3"])
        #expect(shelf.backup(before: Date(timeIntervalSince1970: 3599)) == nil)
        #expect(shelf.backup(before: Date(timeIntervalSince1970: 7199))?.name == "1")
        #expect(shelf.backup(before: nil)?.name == "2")
        var data = DataSettings(directory: place.path)
        #expect(BackupShelf(of: data) == nil)
        try shelf.remember(in: data)
        #expect(BackupShelf(of: data) == shelf)
        data.directory = place.path("elsewhere")
        #expect(BackupShelf(of: data) == nil)
    }
}
