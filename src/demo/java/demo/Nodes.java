package demo;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The nodes that the page talks to: the system property {@code demo.nodes}, by default {@code A=8080,B=8081}, all on
 * the host under which the page itself was asked for. A browser sends the cookies of a host to each of its ports, so
 * both share the session. Immutable.
 */
final class Nodes {

    /** One node: its name and the port of its HTTP connector. */
    record Node(String name, int port) {

        /** The origin of this node, {@code http://host:port}. */
        String origin(String host) {
            return "http://" + host + ":" + port;
        }
    }

    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1");

    private static final List<Node> ALL = Arrays.stream(
                    System.getProperty("demo.nodes", "A=8080,B=8081").split(","))
            .map(entry -> entry.split("=", 2))
            .map(entry -> new Node(entry[0], Integer.parseInt(entry[1])))
            .toList();

    private static final Set<String> ORIGINS = LOOPBACK.stream()
            .flatMap(host -> ALL.stream().map(node -> node.origin(host)))
            .collect(Collectors.toUnmodifiableSet());

    private Nodes() {}

    /** Every node, in the order of the panes. */
    static List<Node> all() {
        return ALL;
    }

    /** The name of the node that runs this: the system property {@code node.name}, which the launcher sets. */
    static String here() {
        return System.getProperty("node.name", "?");
    }

    /** Whether a page of this origin may use the session: those that one of the nodes served. */
    static boolean isOrigin(String origin) {
        return ORIGINS.contains(origin);
    }
}
