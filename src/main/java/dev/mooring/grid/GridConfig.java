package dev.mooring.grid;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How this node reaches the cluster that holds the sessions: as a {@link Member} of it, or as a {@link Client} of one
 * that others run. Immutable; the values are checked by whoever builds it and, for what would be silently wrong, once
 * more here.
 */
public sealed interface GridConfig {

    /** The name of the cluster; nodes with the same name form one. Empty: as the configuration file says. */
    String clusterName();

    /** The name of the map that holds the sessions. */
    String mapName();

    /** A Hazelcast XML or YAML file, taken instead of the network settings; empty where there is none. */
    Optional<Path> configuration();

    /**
     * The name of a Hazelcast instance: one that already runs in this JVM is used as it is, and stays when this node
     * stops; otherwise the new one is called so. Empty where it does not matter.
     */
    Optional<String> instanceName();

    /**
     * A node that carries its part of the sessions itself.
     *
     * @param clusterName the name of the cluster; not blank without a configuration file
     * @param bindAddress the address to listen on, and the only one
     * @param port the first port to try, 1 to 65535; the ones after it are tried when it is taken
     * @param members members to join, each {@code host} or {@code host:port}; empty: those on the bind address
     * @param configuration a Hazelcast file, taken instead of the network settings
     * @param instanceName the name of the instance
     * @param mapName the name of the map that holds the sessions; not blank
     * @param backupCount synchronous backups of every session, 0 to 6
     */
    record Member(
            String clusterName,
            String bindAddress,
            int port,
            List<String> members,
            Optional<Path> configuration,
            Optional<String> instanceName,
            String mapName,
            int backupCount)
            implements GridConfig {

        /**
         * Copies {@code members} and checks the rest.
         *
         * @throws IllegalArgumentException if a name is blank or a number is out of its range
         */
        public Member {
            requireClusterName(clusterName, configuration);
            requireName("bindAddress", bindAddress);
            requireName("mapName", mapName);
            requireRange("port", port, 1, 65535);
            requireRange("backupCount", backupCount, 0, 6);
            members = List.copyOf(members);
        }
    }

    /**
     * A node that keeps the sessions in a cluster of plain Hazelcast servers.
     *
     * @param clusterName the name of that cluster; not blank without a configuration file
     * @param addresses servers to connect to, each {@code host} or {@code host:port}
     * @param configuration a Hazelcast client file, taken instead of the network settings
     * @param instanceName the name of the client
     * @param mapName the name of the map that holds the sessions; not blank
     */
    record Client(
            String clusterName,
            List<String> addresses,
            Optional<Path> configuration,
            Optional<String> instanceName,
            String mapName)
            implements GridConfig {

        /**
         * Copies {@code addresses} and checks the rest.
         *
         * @throws IllegalArgumentException if a name is blank
         */
        public Client {
            requireClusterName(clusterName, configuration);
            requireName("mapName", mapName);
            addresses = List.copyOf(addresses);
        }
    }

    private static void requireClusterName(String clusterName, Optional<Path> configuration) {
        if (configuration.isEmpty()) {
            requireName("clusterName", clusterName);
        }
    }

    private static void requireName(String what, String value) {
        if (value.isBlank()) {
            throw new IllegalArgumentException(what + " is blank: expected a name");
        }
    }

    private static void requireRange(String what, int value, int from, int to) {
        if (value < from || value > to) {
            throw new IllegalArgumentException(what + "=" + value + ": expected " + from + " to " + to);
        }
    }
}
