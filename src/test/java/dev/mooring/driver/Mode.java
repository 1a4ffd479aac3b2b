package dev.mooring.driver;

/** What the nodes of a run use for their sessions. */
enum Mode {
    /** Mooring; the nodes are the members. */
    MEMBER,
    /** Mooring; the nodes are clients of a Hazelcast server. */
    CLIENT,
    /** Mooring; one node is a client of the others, which are members. */
    MIXED,
    /** Jetty's own module, reading the session at every request. */
    STOCK_NULL_CACHE,
    /** Jetty's own module with its default cache. */
    STOCK_HASH_CACHE
}
