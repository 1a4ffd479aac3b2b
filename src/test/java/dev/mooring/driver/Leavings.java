package dev.mooring.driver;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import com.hazelcast.topic.ITopic;
import dev.mooring.driver.Operation.Kind;
import dev.mooring.model.SessionRecord;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/**
 * What a cluster still has when a run is over, as anybody sees it who joins as a client: of each session that has ended
 * no more than a tombstone without attributes, and a row and an inbox for each node that lives, and for no other. Used
 * by one thread.
 */
final class Leavings implements AutoCloseable {
    /**
     * A dead node is found after 10 s, and what it left goes within a moment of that; who runs its listeners may take a
     * minute.
     */
    private static final Duration LIMIT = Duration.ofSeconds(70);

    private static final Duration MOMENT = Duration.ofMillis(200);
    private static final String MAP = "jetty-sessions";
    private static final String INBOX = MAP + "-inbox-";

    /** Where the web application keeps a session's number. */
    private static final String NUMBER = "number";

    private final HazelcastInstance client;

    private Leavings(HazelcastInstance client) {
        this.client = client;
    }

    /** Joins the cluster. Blocks. */
    static Leavings of(DriverCluster cluster) {
        var config = new ClientConfig();
        config.setClusterName(cluster.name());
        config.getNetworkConfig().addAddress(cluster.address());
        config.getNetworkConfig().getAutoDetectionConfig().setEnabled(false);
        config.setProperty("hazelcast.logging.type", "none");
        return new Leavings(HazelcastClient.newHazelcastClient(config));
    }

    /** How many records there are, tombstones and all. */
    int records() {
        return client.getMap(MAP).size();
    }

    /** How many ids there are that sessions have taken later in their lives. */
    int aliases() {
        return client.getMap(MAP + "-ids").size();
    }

    /** Returns what is left and must not be, when it has had time enough to go. Blocks. */
    List<Violation> violations(Collection<Operation> history) {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        List<Violation> found = found(history);
        while (!found.isEmpty() && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(MOMENT.toNanos());
            found = found(history);
        }
        return found;
    }

    private List<Violation> found(Collection<Operation> history) {
        Map<Integer, SessionRecord.State> sessions = new TreeMap<>();
        IMap<String, SessionRecord> records = client.getMap(MAP);
        for (SessionRecord record : records.values()) {
            if (record.attributes().containsKey(NUMBER)) {
                sessions.put(numberOf(record), record.state());
            }
        }
        Set<String> rows = client.<String, Object>getMap(MAP + "-nodes").keySet();
        Set<String> inboxes = client.getDistributedObjects().stream()
                .filter(ITopic.class::isInstance)
                .map(topic -> topic.getName())
                .filter(name -> name.startsWith(INBOX))
                .map(name -> name.substring(INBOX.length()))
                .collect(Collectors.toSet());
        return check(history, sessions, rows, inboxes);
    }

    /**
     * Checks what a cluster has.
     *
     * @param history all operations of the run
     * @param sessions the states of the records that have attributes, by the numbers of their sessions
     * @param rows the nodes that have a row
     * @param inboxes the nodes that have an inbox
     */
    static List<Violation> check(
            Collection<Operation> history,
            Map<Integer, SessionRecord.State> sessions,
            Set<String> rows,
            Set<String> inboxes) {
        List<Violation> found = new ArrayList<>();
        Map<Integer, Operation> ends = new TreeMap<>();
        history.stream()
                .filter(operation ->
                        (operation.kind() == Kind.END || operation.kind() == Kind.EXPIRY) && operation.ok())
                .forEach(end -> ends.put(end.session(), end));
        sessions.forEach((session, state) -> {
            Operation end = ends.get(session);
            if (end != null) {
                found.add(Violation.of(
                        Violation.Kind.LEFT_OVER,
                        "session " + session + " has ended, and its attributes are still there: " + state,
                        List.of(end)));
            }
        });
        if (rows.size() != DriverCluster.NODES || !inboxes.equals(rows)) {
            found.add(Violation.of(
                    Violation.Kind.LEFT_OVER,
                    DriverCluster.NODES + " nodes live, rows are there of " + new TreeSet<>(rows) + ", inboxes of "
                            + new TreeSet<>(inboxes),
                    List.of()));
        }
        return found;
    }

    private static int numberOf(SessionRecord record) {
        byte[] bytes = record.attributes().get(NUMBER).bytes();
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
            return Integer.parseInt((String) in.readObject());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("the number of " + record + " is no string", e);
        }
    }

    @Override
    public void close() {
        client.shutdown();
    }
}
