import FoundationEssentials
import Testing

@testable import GeoReport

/// Every form that is read, with its seconds since 1970.
@Test(arguments: [
    ("2026-04-14T06:37:38Z", 1_776_148_658), ("2026-04-14T06:37:38z", 1_776_148_658),
    ("2026-04-14t06:37:38Z", 1_776_148_658), ("2026-04-14 06:37:38Z", 1_776_148_658),
    ("2026-04-14T06:37:38", 1_776_148_658), ("2026-04-14T09:37:38+03:00", 1_776_148_658),
    ("2026-04-14T09:37:38+0300", 1_776_148_658), ("2026-04-14T09:37:38 03:00", 1_776_148_658),
    ("2026-04-14 09:37:38 0300", 1_776_148_658), ("2026-04-14T01:07:38-05:30", 1_776_148_658),
    ("2026-04-14T06:37:38-00:00", 1_776_148_658), ("2026-04-14T06:37:38.0Z", 1_776_148_658),
    ("2026-04-14T06:37:38.000000+00:00", 1_776_148_658), ("2026-04-14T06:37Z", 1_776_148_620),
    ("2026-04-14T06:37", 1_776_148_620), ("2026-04-14T20:37+14:00", 1_776_148_620),
    ("1970-01-01T00:00:00Z", 0), ("1970-01-01", 0), ("1970", 0), ("1970-01", 0),
    ("1970-01-01T01:00:00+02:00", -3600), ("2000-02-29", 951_782_400),
    ("2024-02-29", 1_709_164_800),
    ("2026-12-31T23:59:59Z", 1_798_761_599), ("2100-12-31T23:59:59Z", 4_133_980_799),
    ("2026", 1_767_225_600),
    ("2026-03", 1_772_323_200), ("2026-03-01", 1_772_323_200),
])
func `a date in any form of the profile is read`(text: String, seconds: Int) {
    #expect(DateTime.parse(text) == Date(timeIntervalSince1970: Double(seconds)))
}

@Test(arguments: [
    "", " ", "now", "2026-02-30T00:00:00Z", "2026-02-29", "2100-02-29", "2026-04-31", "2026-00-10",
    "2026-13-01",
    "2026-01-00", "2026-01-32", "2026-01-01T24:00:00Z", "2026-01-01T23:60:00Z",
    "2026-01-01T23:59:60Z",
    "2026-01-01T00:00:00Zjunk", "2026-01-01T00:00:00Z ", " 2026-01-01", "99999-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z", "2101-01-01", "0000-01-01", "26-01-01", "2026-1-1", "20260101",
    "2026-01-01T", "2026-01-01Z", "2026-01-01T10Z", "2026-01-01T10", "2026-01-01T10:00:0Z",
    "2026-01-01T1:00Z",
    "2026-01-01T10:00:00.", "2026-01-01T10:00:00.Z", "2026-01-01T10:00:00,5Z",
    "2026-01-01T10:00:00.1234567890Z", "2026-01-01T10:00.5Z", "2026-01-01T10:00:00+",
    "2026-01-01T10:00:00+3",
    "2026-01-01T10:00:00+15:00", "2026-01-01T10:00:00+03:60", "2026-01-01T10:00:00+03:0",
    "2026-01-01T10:00:00+03:00:00", "2026-01-01T10:00:00ZZ", "2026-01-01T10:00:00 Z",
    "2026-01-01T10:00:00+-3:00",
    "2026-01-01\u{0}", "２０２６-01-01", "2026-01-01T10:00:00\u{2212}03:00", "2026/01/01", "01.02.2026",
    "2026-W01-1", "2026-001", "2026-", "2026-01-", "2026-01-01TT10:00:00Z", "-2026-01-01",
    "+2026-01-01",
    "2026-01-01T10:00:00 Europe/Sofia", "1776148658", "2026-01-01T-1:00:00Z",
    "2026-01-01T10:00:00GMT",
])
func `what is no date is refused`(text: String) {
    #expect(DateTime.parse(text) == nil)
    #expect(DateTime.parse(text, dateOnly: .endOfDay) == nil)
}

@Test(arguments: [
    ("2026-04-14", "2026-04-14T23:59:59Z"), ("2026-02", "2026-02-28T23:59:59Z"),
    ("2028-02", "2028-02-29T23:59:59Z"), ("2026", "2026-12-31T23:59:59Z"),
    ("2026-04-14T06:37:38Z", "2026-04-14T06:37:38Z"), ("2100-12-31", "2100-12-31T23:59:59Z"),
])
func `a date without a time reaches to its last second as an upper bound`(
    text: String, last: String
) {
    #expect(DateTime.parse(text, dateOnly: .endOfDay).map(DateTime.text) == last)
}

@Test func `a date-time without a zone means what the caller says`() {
    let text = "2026-04-14T09:37:38"
    let east = DateTime.parse(text, naive: .offset(seconds: 3 * 3600))
    #expect(east.map(DateTime.text) == "2026-04-14T06:37:38Z")
    #expect(DateTime.parse(text, naive: .refused) == nil)
    #expect(DateTime.parse(text + "Z", naive: .refused) != nil)
}

@Test func `fractions are kept to the microsecond and written cut off`() {
    let date = DateTime.parse("2026-04-14T06:37:38.9999999Z")
    #expect(date == Date(timeIntervalSince1970: 1_776_148_658.999999))
    #expect(date.map(DateTime.text) == "2026-04-14T06:37:38Z")
}

/// Microseconds since 1970 as they are written.
private let moments: [(Int64, String)] = [
    (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (-1_000_001, "1969-12-31T23:59:58Z"),
    (999_999, "1970-01-01T00:00:00Z"), (951_782_400_000_000, "2000-02-29T00:00:00Z"),
    (4_133_980_799_999_999, "2100-12-31T23:59:59Z"),
    (-62_167_219_200_000_000, "0000-01-01T00:00:00Z"),
    (Int64.max, "9999-12-31T23:59:59Z"), (Int64.min, "0000-01-01T00:00:00Z"),
]

@Test(arguments: moments)
func `microseconds are written as whole seconds`(microseconds: Int64, text: String) {
    var bytes: [UInt8] = []
    DateTime.append(microseconds: microseconds, to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == text)
}

@Test func `every second of the years 1970 to 2100 is written and read back`() {
    for seconds in stride(from: 0, to: 4_133_980_800, by: 86400 * 3 + 3671) {
        let date = Date(timeIntervalSince1970: Double(seconds))
        #expect(DateTime.parse(DateTime.text(date)) == date)
    }
}

@Test func `a date that is none is written as some date`() {
    #expect(DateTime.text(Date(timeIntervalSince1970: .nan)) == "1970-01-01T00:00:00Z")
    #expect(DateTime.text(Date(timeIntervalSince1970: 1e300)) == "1970-01-01T00:00:00Z")
}

@Test(arguments: [
    ("42.6977", 42.6977), ("-9", -9), ("0", 0), ("-0", 0), ("180", 180),
    ("-179.999999999999999", -180),
    ("999", 999), ("042.5", 42.5), ("0.000000000000001", 1e-15),
])
func `decimal degrees are read`(text: String, value: Double) {
    #expect(DecimalDegrees.parse(text) == value)
}

@Test(arguments: [
    "", " ", "-", ".", "-.", ".5", "5.", "-.5", "+42.1", "42,1", "４２", "42.1\0", "\u{0}42", " 42.1",
    "42.1 ",
    "nan", "NaN", "-nan", "inf", "-inf", "infinity", "0x1p3", "0x10", "1e5", "1e400", "42.1e0",
    "1E-2", "1234",
    "1000", "42.1.1", "42..1", "--42", "42-", "42.-1", "42.0000000000000001", "1_0", "42°", "42.1N",
    "٤٢",
    "42.１", "\u{2212}42", "true", "null", "42.6977,23.3", "1/2",
])
func `what is no decimal degree is refused`(text: String) {
    #expect(DecimalDegrees.parse(text) == nil)
}

@Test(arguments: [
    (42.6977, "42.6977"), (42.69770001, "42.6977"), (42.69770005, "42.6977001"), (-0.0, "0"),
    (0.0, "0"),
    (1e-7, "0.0000001"), (-1e-7, "-0.0000001"), (1e-9, "0"), (-1e-9, "0"), (-9.14, "-9.14"),
    (180, "180"),
    (-180, "-180"), (23.3219, "23.3219"), (0.1 + 0.2, "0.3"), (100.5, "100.5"), (.nan, "0"),
    (.infinity, "0"),
])
func `decimal degrees are written without exponent and trailing zeros`(value: Double, text: String)
{
    var bytes: [UInt8] = []
    DecimalDegrees.append(value, to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == text)
}

@Test func `a coordinate of seven decimals is written and read back`() {
    var source = Seeded(7)
    for _ in 0..<5_000 {
        let value = Double(source.number(-1_800_000_000...1_800_000_000)) / 1e7
        var bytes: [UInt8] = []
        DecimalDegrees.append(value, to: &bytes)
        #expect(DecimalDegrees.parse(String(decoding: bytes, as: UTF8.self)) == value)
    }
}
