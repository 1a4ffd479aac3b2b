package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.nodes.JettyNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What the logs of a whole test class may hold: no warning or error of anybody but those expected by name and with a reason, no session
 * id in full, and at the start one line of ours for each context. Not thread-safe.
 *
 * <p>Jetty 12.1 itself names sessions above DEBUG in these places; its WebSocket classes and its own security in none.
 *
 * <table>
 * <caption>Why they show no whole id</caption>
 * <tr><td>{@code AbstractSessionManager}: unable to commit, to release; {@code ManagedSession}: unable to invalidate</td>
 *     <td>they print the session, which is a {@code LiveSession} and shortens its id</td></tr>
 * <tr><td>error loading, cross-context invalidating unreadable session</td>
 *     <td>{@code LiveSessionCache.get} lets no {@code UnreadableSessionDataException} out</td></tr>
 * <tr><td>unable to renew, to release the new id</td>
 *     <td>{@code LiveSessionCache.renewSessionId} calls the listeners, and never answers with a session</td></tr>
 * <tr><td>unable to delete; {@code DefaultSessionIdManager}: expiring, invalidating, renewing, is in use</td>
 *     <td>{@code delete}, {@code exists} and the end of a {@code LiveSession} let no failure of store or listener out</td></tr>
 * <tr><td>unable to expire, failed to check expiration</td><td>{@code checkExpiration} answers nothing</td></tr>
 * <tr><td>{@code AbstractSessionCache}: passivation, save of a new session</td><td>both methods are ours</td></tr>
 * <tr><td>{@code SessionData}: legacy serialization</td><td>records are no Java serialisation of it</td></tr>
 * <tr><td>unable to add</td><td>what a {@code sessionCreated} of the application throws does not reach Jetty</td></tr>
 * <tr><td>{@code ServletChannel}: the URI of a request that fails</td>
 *     <td><b>shown</b>, where the application tracks sessions by URL: README, Logs</td></tr>
 * </table>
 */
final class LogCheck {
    private static final Pattern COMPLAINT =
            Pattern.compile("^(\\S+ \\S+:(WARN|ERROR) ?:|WARNING|SEVERE|ERROR|Exception in).*");
    private static final Pattern OUR_INFO = Pattern.compile("^\\S+ \\S+:INFO ?:dm[a-z]*\\..*");

    /** {@code ServletContext.log}: what the web application itself writes, Tomcat's examples log their session ids. */
    private static final Pattern APPLICATION = Pattern.compile("^\\S+ \\S+:INFO ?:oejshC\\..*");

    /** Hazelcast's membership, partitions, connections and calls: it warns of each node that leaves, however politely. */
    private static final Pattern DEPARTURE =
            Pattern.compile("^\\S+ \\S+:WARN ?:ch(ic|ici|ip|ipi|ipo|ist|sip|sioi|c[a-z]*)\\..*");

    private final NodeCluster cluster;
    private final Map<Pattern, String> expected = new LinkedHashMap<>();

    private LogCheck(NodeCluster cluster) {
        this.cluster = cluster;
        expecting(
                "Hazelcast is starting in a Java modular environment",
                "wants --add-opens, which would fork a second JVM; it works without");
        expecting(
                ":chip[a-z]*\\.[A-Za-z]+:.*startup is (not )?completed"
                        + "|:chipo.MigrationRequestOperation:.*Failure while executing|:chipi.MigrationManagerImpl:.*Migration failed"
                        + "|:chsieio.RegistrationOperation:.*(CallerNotMember|ClusterTopologyChanged)",
                "members that start at the same moment meet half-way, and Hazelcast tries again");
        expecting(
                "^WARNING: .*(sun\\.misc\\.Unsafe|maintainers of class com\\.hazelcast\\.)",
                "Java 24 and later name what Hazelcast still uses");
    }

    /** Checks all processes that this cluster ever had; call it when they have ended. */
    static LogCheck of(NodeCluster cluster) {
        return new LogCheck(cluster);
    }

    /** Expects complaints that this is found in. */
    LogCheck expecting(String regex, String reason) {
        expected.put(Pattern.compile(regex), reason);
        return this;
    }

    /** Fails, and names the node and the line, unless the logs are as they should be for these contexts. */
    void passes(List<String> contextPaths) {
        for (JettyNode node : cluster.processes()) {
            assertThat(node.log()).as("what %s logged", node).isNotEmpty();
            assertThat(cluster.quietLog(node))
                    .as("complaints of %s", node)
                    .filteredOn(this::isUnexpected)
                    .isEmpty();
            assertThat(cluster.departureLog(node))
                    .as("complaints of %s since a node was made to leave", node)
                    .filteredOn(line ->
                            isUnexpected(line) && !DEPARTURE.matcher(line).matches())
                    .isEmpty();
            assertThat(node.log()).as("session ids in the log of %s", node).noneMatch(this::namesASession);
            contextPaths.forEach(path -> hasOneLineFor(node, path));
        }
    }

    private void hasOneLineFor(JettyNode node, String contextPath) {
        assertThat(node.log())
                .as("the line of ours for %s on %s", contextPath, node)
                .filteredOn(line -> OUR_INFO.matcher(line).matches())
                .filteredOn(line -> Pattern.compile(Pattern.quote(contextPath) + "\\b")
                        .matcher(line)
                        .find())
                .singleElement()
                .asString()
                .contains("cluster", cluster.name(), "node", "members", "map", "jetty-sessions", "context");
    }

    private boolean isUnexpected(String line) {
        return COMPLAINT.matcher(line).matches()
                && expected.keySet().stream()
                        .noneMatch(pattern -> pattern.matcher(line).find());
    }

    private boolean namesASession(String line) {
        return !APPLICATION.matcher(line).matches()
                && cluster.sessionIds().stream().anyMatch(line::contains);
    }
}
