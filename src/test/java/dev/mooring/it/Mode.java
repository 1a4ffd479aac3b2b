package dev.mooring.it;

import dev.mooring.nodes.JettyBase;

/** What the Jetty nodes are to the Hazelcast cluster that holds their sessions. */
enum Mode {
    /** Each carries its part of the sessions. */
    MEMBERS,
    /** All are clients of two plain servers of the version that we ship. */
    CLIENTS,
    /** All are clients of two plain servers of the oldest version that works. */
    CLIENTS_OF_OLD_SERVERS,
    /** The first is the only member, and the others are its clients. */
    MIXED;

    private static final int SERVERS = 2;

    /** How many plain servers the nodes need. */
    int servers() {
        return switch (this) {
            case MEMBERS, MIXED -> 0;
            case CLIENTS, CLIENTS_OF_OLD_SERVERS -> SERVERS;
        };
    }

    /** The version of the plain servers. */
    String serverVersion() {
        return System.getProperty(
                this == CLIENTS_OF_OLD_SERVERS ? "mooring.hazelcast.oldest" : "mooring.hazelcast.newest");
    }

    /**
     * Enables the module on a node.
     *
     * @param number the node's, from 0
     * @param port that of its member, if it is one
     * @param addresses of those who are members for sure
     */
    void addTo(JettyBase.Builder base, int number, int port, String addresses) {
        boolean client = servers() > 0 || this == MIXED && number > 0;
        if (client) {
            base.modules("session-hazelcast-client").property("jetty.session.hazelcast.addresses", addresses);
        } else {
            base.modules("session-hazelcast")
                    .property("jetty.session.hazelcast.port", String.valueOf(port))
                    .property("jetty.session.hazelcast.members", addresses);
        }
    }
}
