import ArgumentParser
import AsyncHTTPClient
import Configuration
import Yams
@main struct M: AsyncParsableCommand { func run() async throws { print("x") } }
