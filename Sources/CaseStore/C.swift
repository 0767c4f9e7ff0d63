import Crypto
func x() { print(PackageResources.m0001_x_sql) }
