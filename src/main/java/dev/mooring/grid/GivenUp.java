package dev.mooring.grid;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.hazelcast.client.impl.clientside.HazelcastClientInstanceImpl;
import com.hazelcast.client.impl.clientside.HazelcastClientProxy;
import com.hazelcast.client.impl.connection.ClientConnection;
import com.hazelcast.client.impl.connection.ClientConnectionManager;
import com.hazelcast.client.impl.spi.ClientClusterService;
import com.hazelcast.cluster.Address;
import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The servers that a client has seen the others give up, and does not believe when it meets them again.
 *
 * <p>A server that stood still for too long is, awake again, a cluster of its own, which answers from copies as they
 * were. A client comes to it in two ways. An attempt to connect that waited for the sleeping server succeeds when it
 * wakes. And where the parts are equal it may be the other one that gives way and joins the server that slept: the
 * client, cut off, then finds a cluster that goes by what that server has. Whoever gives way comes back under a new
 * UUID; so a UUID that was seen to go and is among the members again is that of a part which was given up. Its cluster
 * is believed when those who gave it up have been members for a while, and so have handed over what they have, or when
 * they are away for so long that they are taken for dead.
 *
 * <p>The list of members may come after the first answers of a new connection, so as long as a server that is connected
 * is not in it, nothing is believed. Hazelcast shows a client's connections nowhere but in its own classes.
 * Thread-safe; nothing here waits for the cluster.
 */
final class GivenUp {

    /** Of so many servers that went the UUIDs are kept; a server has a new one at each start. */
    private static final int MOST = 1_000;

    /** Between two looks at a server in doubt; longer, and the second one is of another doubt. */
    private static final Duration LOOKS = Duration.ofSeconds(2);

    private static final Logger LOG = LoggerFactory.getLogger(GivenUp.class);

    private final ClientConnectionManager connections;
    private final ClientClusterService servers;
    private final String clusterName;
    private final Runnable onBelieved;

    /** Who stayed when a server was given up, by the UUID of that server. */
    @GuardedBy("this")
    private final Map<UUID, Set<Address>> stayed = new LinkedHashMap<>();

    /** The UUIDs in {@link #stayed}; written under the monitor, read without. */
    private volatile Set<UUID> known = Set.of();

    /** Begins when a server is met that was given up. */
    @GuardedBy("this")
    private Doubt doubt = new Doubt(System.nanoTime());

    /** {@link System#nanoTime()} of the last look at a server in doubt. */
    @GuardedBy("this")
    private long looked = System.nanoTime() - LOOKS.toNanos();

    /**
     * Knows of nobody yet.
     *
     * @param onBelieved run before a server that was given up is believed; must not block
     */
    GivenUp(HazelcastInstance client, String clusterName, Runnable onBelieved) {
        // Hazelcast hands out no client of another class.
        HazelcastClientInstanceImpl inside = ((HazelcastClientProxy) client).client;
        this.connections = inside.getConnectionManager();
        this.servers = inside.getClientClusterService();
        this.clusterName = clusterName;
        this.onBelieved = onBelieved;
    }

    /**
     * A server has gone.
     *
     * @param others who stays
     */
    synchronized void gone(Member server, Collection<Member> others) {
        if (others.stream().map(Member::getUuid).anyMatch(known::contains)) {
            // Said by a server that was given up itself: to it, those who gave it up are gone.
            return;
        }
        stayed.put(server.getUuid(), addresses(others));
        if (stayed.size() > MOST) {
            stayed.remove(stayed.keySet().iterator().next());
        }
        known = Set.copyOf(stayed.keySet());
    }

    /**
     * Asked before and after each call to the cluster.
     *
     * @throws StoreUnavailableException if an answer may be that of a server which was given up
     */
    void check() {
        Set<UUID> suspects = known;
        if (suspects.isEmpty()) {
            return;
        }
        Collection<ClientConnection> present = connections.getActiveConnections();
        if (present.stream().anyMatch(this::isStranger)) {
            List<ClientConnection> strangers =
                    present.stream().filter(this::isStranger).toList();
            if (strangers.size() < present.size()) {
                // An attempt to connect that began before the others
                // gave it up; Hazelcast closes those that were through.
                strangers.stream()
                        .filter(connection -> suspects.contains(connection.getRemoteUuid()))
                        .forEach(connection -> connection.close("the other members have given it up", null));
            }
            throw new StoreCalls.MomentException(doubt(strangers.stream().map(ClientConnection::getRemoteAddress)));
        }
        Collection<Member> members = servers.getMemberList();
        if (members.stream().anyMatch(member -> suspects.contains(member.getUuid()))) {
            List<Member> back = members.stream()
                    .filter(member -> suspects.contains(member.getUuid()))
                    .toList();
            if (!areBelieved(back, addresses(members))) {
                throw new StoreUnavailableException(doubt(back.stream().map(Member::getAddress)), null);
            }
        }
    }

    private boolean isStranger(ClientConnection connection) {
        return servers.getMember(connection.getRemoteUuid()) == null;
    }

    private synchronized boolean areBelieved(List<Member> back, Set<Address> present) {
        long now = System.nanoTime();
        if (now - looked > LOOKS.toNanos()) {
            doubt = new Doubt(now);
            LOG.warn(
                    "Cluster {}: a server is met again that the others had given up; it is believed when all are together: {}",
                    clusterName,
                    back);
        }
        looked = now;
        Set<UUID> suspects = back.stream().map(Member::getUuid).collect(Collectors.toSet());
        boolean together = stayed.entrySet().stream()
                .filter(entry -> suspects.contains(entry.getKey()))
                .allMatch(entry -> present.containsAll(entry.getValue()));
        Optional<String> over = doubt.over(together, now);
        if (over.isEmpty()) {
            return false;
        }
        onBelieved.run();
        stayed.keySet().removeAll(suspects);
        known = Set.copyOf(stayed.keySet());
        LOG.info(
                "Cluster {}: {}, and its answers count again after {} ms",
                clusterName,
                over.get(),
                doubt.age().toMillis());
        return true;
    }

    private String doubt(Stream<Address> servers) {
        return "the session store, Hazelcast cluster " + clusterName
                + ", may be answered for by a server that the others have given up: "
                + servers.map(String::valueOf).collect(Collectors.joining(", "));
    }

    private static Set<Address> addresses(Collection<Member> members) {
        return members.stream().map(Member::getAddress).collect(Collectors.toUnmodifiableSet());
    }
}
