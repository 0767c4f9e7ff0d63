-- One report by its id, a different one each time. Arguments: base, first number, how many.
local base, first, count

function init(args)
    base, first, count = args[1], tonumber(args[2]), tonumber(args[3])
    math.randomseed(os.time() + tonumber(tostring(wrk.thread):match("0x(%x+)"), 16) % 100000)
end

function request()
    local number = first + math.random(0, count - 1)
    return wrk.format("GET", base .. "/requests/bench-" .. number .. ".json")
end
