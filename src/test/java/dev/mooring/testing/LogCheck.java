package dev.mooring.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.nodes.JettyNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What the logs of a whole test class may hold: no warning or error of anybody but those expected by name and with a
 * reason, no session id in full, and at the start one line of ours for each context. Every class that starts nodes
 * reads their logs so, see {@code TestsTest}. Not thread-safe.
 *
 * <p>Jetty 12.1 itself names sessions above DEBUG in these places; its WebSocket classes and its own security in none.
 *
 * <table>
 * <caption>Why they show no whole id</caption>
 * <tr><td>{@code AbstractSessionManager}: unable to commit, to release; {@code ManagedSession}: unable to
 *     invalidate</td>
 *     <td>they print the session, which is a {@code LiveSession} and shortens its id</td></tr>
 * <tr><td>error loading, cross-context invalidating unreadable session</td>
 *     <td>{@code LiveSessionCache.get} lets no {@code UnreadableSessionDataException} out</td></tr>
 * <tr><td>unable to renew, to release the new id</td>
 *     <td>{@code LiveSessionCache.renewSessionId} calls the listeners, and never answers with a session</td></tr>
 * <tr><td>unable to delete; {@code DefaultSessionIdManager}: expiring, invalidating, renewing, is in use</td>
 *     <td>{@code delete}, {@code exists} and the end of a {@code LiveSession} let no failure of store or listener
 *     out</td></tr>
 * <tr><td>unable to expire, failed to check expiration</td><td>{@code checkExpiration} answers nothing</td></tr>
 * <tr><td>{@code AbstractSessionCache}: passivation, save of a new session</td><td>both methods are ours</td></tr>
 * <tr><td>{@code SessionData}: legacy serialization</td><td>records are no Java serialisation of it</td></tr>
 * <tr><td>unable to add</td><td>what a {@code sessionCreated} of the application throws does not reach Jetty</td></tr>
 * <tr><td>{@code ServletChannel}: the URI of a request that fails</td>
 *     <td><b>shown</b>, where the application tracks sessions by URL: README, Logs</td></tr>
 * </table>
 */
public final class LogCheck {
    private static final Pattern COMPLAINT =
            Pattern.compile("^(\\S+ \\S+:(WARN|ERROR) ?:|WARNING|SEVERE|ERROR|Exception in).*");
    private static final Pattern OUR_INFO = Pattern.compile("^\\S+ \\S+:INFO ?:dm[a-z]*\\..*");

    /** {@code ServletContext.log}: what the web application itself writes, Tomcat's examples log their session ids. */
    private static final Pattern APPLICATION = Pattern.compile("^\\S+ \\S+:INFO ?:oejshC\\..*");

    /**
     * Hazelcast's membership, partitions, connections and calls: it warns of each node that leaves, however politely.
     */
    private static final Pattern DEPARTURE =
            Pattern.compile("^\\S+ \\S+:WARN ?:ch(ic|ici|icio|ip|ipi|ipo|ist|sip|sioi|c[a-z]*)\\..*");

    /** What ours say, and truly, until everybody knows of a death: who is missed, and who was refused meanwhile. */
    private static final Pattern DEATH =
            Pattern.compile(":dmg\\.(NodeLease|Peers):.*(did not answer|is taken for dead|cannot be reached)"
                    + "|:dms\\.Refusals:.*is answered with 503"
                    + "|:dms\\.Ending:.*not every node could be told at once"
                    + "|:dmg\\.Inbox:.*notice not answered");

    /** A node that a busy machine has held up for a second is given up until it is back, as the README says. */
    private static final Pattern HELD_UP =
            Pattern.compile("^\\S+ \\S+:WARN ?:dmg\\.Peers:.* did not answer for \\d+ ms and is fenced .*");

    /** What happens more often than that in one class, the machine is not to blame for. */
    private static final int HELD_UP_AT_MOST = 2;

    private final String clusterName;
    private final Set<String> sessionIds;
    private final Map<JettyNode, Integer> quietLines;
    private final Map<Pattern, String> expected = new LinkedHashMap<>();
    private boolean deaths;

    private LogCheck(String clusterName, Set<String> sessionIds, Map<JettyNode, Integer> quietLines) {
        this.clusterName = clusterName;
        this.sessionIds = sessionIds;
        this.quietLines = quietLines;
        expecting(
                "Hazelcast is starting in a Java modular environment",
                "wants --add-opens, which would fork a second JVM; it works without");
        expecting(
                ":chip[a-z]*\\.[A-Za-z]+:.*startup is (not )?completed"
                        + "|:chipo.MigrationRequestOperation:.*Failure while executing|:chipi.MigrationManagerImpl:.*Migration failed"
                        + "|:chsieio.RegistrationOperation:.*(CallerNotMember|ClusterTopologyChanged)",
                "members that start at the same moment meet half-way, and Hazelcast tries again");
        expecting(
                ":chcic.ClientConnectionManager:.*(Exception during initial connection to"
                        + "|Unable to get live cluster connection, retry in \\d+ ms, attempt)",
                "a client that starts together with the member which it is to find, and is up first, tries again");
        expecting(
                ":chsioi.Invocation:.*Future\\.complete\\(Object\\) on completed future",
                "a backup's word that comes just when it is given up, after a second: whoever has called calls again");
        expecting(
                "^WARNING: .*(sun\\.misc\\.Unsafe|maintainers of class com\\.hazelcast\\.)",
                "Java 24 and later name what Hazelcast still uses");
    }

    /**
     * Checks these processes, which have ended.
     *
     * @param clusterName the name of their cluster
     * @param sessionIds the id of every session that anybody got from them
     * @param quietLines each process, and how many lines it had logged when the first of them was made to leave
     */
    public static LogCheck of(String clusterName, Set<String> sessionIds, Map<JettyNode, Integer> quietLines) {
        return new LogCheck(clusterName, sessionIds, quietLines);
    }

    /** Expects complaints that this is found in. */
    public LogCheck expecting(String regex, String reason) {
        expected.put(Pattern.compile(regex), reason);
        return this;
    }

    /** Expects what Jetty says of an exception that an application throws: all of it, and that it is too long to show. */
    public LogCheck expectingExceptions() {
        return expecting(
                ":oeje1?1?[a-z0-9]*\\.ServletChannel:|:oejsh\\.ErrorHandler:.* Error page too large:",
                "Jetty logs what an application throws");
    }

    /** Expects that processes were killed or paused, and that the others say so from then on. */
    public LogCheck expectingDeaths() {
        deaths = true;
        return this;
    }

    /** Fails, and names the node and the line, unless the logs are as they should be for these contexts. */
    public void passes(List<String> contextPaths) {
        List<String> heldUp = new ArrayList<>();
        quietLines.forEach((node, quiet) -> {
            List<String> log = node.log();
            log.subList(0, deaths ? quiet : log.size()).stream()
                    .filter(line -> HELD_UP.matcher(line).matches() && !isExpected(line))
                    .forEach(heldUp::add);
            assertThat(log).as("what %s logged", node).isNotEmpty();
            assertThat(log.subList(0, quiet))
                    .as("complaints of %s", node)
                    .filteredOn(this::isUnexpected)
                    .isEmpty();
            assertThat(log.subList(quiet, log.size()))
                    .as("complaints of %s since a node was made to leave", node)
                    .filteredOn(line -> isUnexpected(line)
                            && !DEPARTURE.matcher(line).matches()
                            && !(deaths && DEATH.matcher(line).find()))
                    .isEmpty();
            assertThat(log).as("session ids in the log of %s", node).noneMatch(this::namesASession);
            contextPaths.forEach(path -> hasOneLineFor(node, path));
        });
        assertThat(heldUp)
                .as("nodes that were given up although nobody had stopped them")
                .hasSizeLessThanOrEqualTo(HELD_UP_AT_MOST);
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
                .contains("cluster", clusterName, "node", "members", "map", "jetty-sessions", "context");
    }

    private boolean isUnexpected(String line) {
        return COMPLAINT.matcher(line).matches()
                && !isExpected(line)
                && !HELD_UP.matcher(line).matches();
    }

    private boolean isExpected(String line) {
        return expected.keySet().stream()
                .anyMatch(pattern -> pattern.matcher(line).find());
    }

    private boolean namesASession(String line) {
        return !APPLICATION.matcher(line).matches() && sessionIds.stream().anyMatch(line::contains);
    }
}
