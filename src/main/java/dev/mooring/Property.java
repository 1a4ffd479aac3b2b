package dev.mooring;

/** The properties of the module, by the names that a person types, each with the default that the README gives it. */
enum Property {
    CLUSTER_NAME("jetty.session.hazelcast.clusterName", "jetty-sessions"),
    BIND_ADDRESS("jetty.session.hazelcast.bindAddress", "127.0.0.1"),
    PORT("jetty.session.hazelcast.port", "5701"),
    MEMBERS("jetty.session.hazelcast.members", ""),
    ADDRESSES("jetty.session.hazelcast.addresses", ""),
    CONFIGURATION_LOCATION("jetty.session.hazelcast.configurationLocation", ""),
    INSTANCE_NAME("jetty.session.hazelcast.hazelcastInstanceName", ""),
    MAP_NAME("jetty.session.hazelcast.mapName", "jetty-sessions"),
    BACKUP_COUNT("jetty.session.hazelcast.backupCount", "1"),
    USE_QUERIES("jetty.session.hazelcast.useQueries", "false"),
    ONLY_CLIENT("jetty.session.hazelcast.onlyClient", ""),
    EVICTION_POLICY("jetty.session.evictionPolicy", "-1"),
    SAVE_ON_CREATE("jetty.session.saveOnCreate", "false"),
    SAVE_ON_INACTIVE_EVICTION("jetty.session.saveOnInactiveEviction", "false"),
    REMOVE_UNLOADABLE_SESSIONS("jetty.session.removeUnloadableSessions", "false"),
    FLUSH_ON_RESPONSE_COMMIT("jetty.session.flushOnResponseCommit", "true"),
    INVALIDATE_ON_SHUTDOWN("jetty.session.invalidateOnShutdown", "false"),
    GRACE_PERIOD("jetty.session.gracePeriod.seconds", "3600"),
    SAVE_PERIOD("jetty.session.savePeriod.seconds", "0"),
    ATTRIBUTE_FILTER("jetty.session.attributeFilter", ""),
    MAX_ATTRIBUTES("jetty.session.maxAttributes", "10000"),
    MAX_ATTRIBUTE_BYTES("jetty.session.maxAttributeBytes", "8388608"),
    MAX_SESSION_BYTES("jetty.session.maxSessionBytes", "67108864"),
    NON_SERIALIZABLE("jetty.session.nonSerializable", "spec"),
    ON_STORE_FAILURE("jetty.session.onStoreFailure", "reject"),
    KEEP_ALIVE("jetty.session.websocket.keepAlive", "messages"),
    CLOSE_ON_SESSION_END("jetty.session.websocket.closeOnSessionEnd", "all"),
    CREATE_SESSION("jetty.session.websocket.createSession", "false"),
    SAME_ORIGIN("jetty.session.websocket.sameOrigin", "false");

    private final String key;
    private final String byDefault;

    Property(String key, String byDefault) {
        this.key = key;
        this.byDefault = byDefault;
    }

    /** The name as it is typed, such as {@code jetty.session.maxAttributes}. */
    String key() {
        return key;
    }

    /** The value of a property that nobody sets; empty where the README gives none. */
    String byDefault() {
        return byDefault;
    }
}
