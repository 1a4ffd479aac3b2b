package dev.mooring.grid;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.topic.ITopic;
import com.hazelcast.topic.Message;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster's time on a node that is no member. Servers tell a client their time nowhere but in a message of a topic,
 * which carries the moment at which a server passed it on: so the client sends itself a few, and takes the one that was
 * back first. The server is the oldest one, which the other members follow. In between this node's own clock runs on,
 * the one that nobody sets.
 *
 * <p>Thread-safe. {@link #millis()} reads one volatile field; reading the clock blocks for some round trips.
 */
final class ServerClock {

    private static final int MESSAGES = 4;
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final Duration SHORT_PATIENCE = Duration.ofMillis(500);

    /** How many names are tried to find one that is at home on a server. */
    private static final int NAMES = 1_000;

    private static final Logger LOG = LoggerFactory.getLogger(ServerClock.class);

    /**
     * The server's time, this node's {@code nanoTime} at that moment, and the length of the round trip it was read in.
     */
    private record Reading(long millis, long nanoTime, long roundTripNanos) {
        long millisAt(long now) {
            return millis + TimeUnit.NANOSECONDS.toMillis(now - nanoTime);
        }
    }

    private final HazelcastInstance client;
    private final String prefix;

    private volatile Reading reading = new Reading(System.currentTimeMillis(), System.nanoTime(), Long.MAX_VALUE);

    /**
     * A clock that still shows this node's own time.
     *
     * @param prefix how the topics' names begin; no other node's do
     */
    ServerClock(HazelcastInstance client, String prefix) {
        this.client = client;
        this.prefix = prefix;
    }

    /** The cluster's time in milliseconds since the epoch. */
    long millis() {
        return reading.millisAt(System.nanoTime());
    }

    /** As {@link #read()}; goes by what was read before when the cluster does not answer. */
    void tryToRead() {
        try {
            read();
        } catch (RuntimeException | Error e) {
            // The boundary of a thread of ours. Clocks drift by milliseconds a minute.
            LOG.debug("The servers' clock was not read", e);
        }
    }

    /**
     * Asks the cluster for its time.
     *
     * @throws HazelcastException if the cluster does not answer
     * @throws IllegalStateException if there is no connection
     */
    void read() {
        set(exchange(MESSAGES, PATIENCE, topicAt(oldest()).orElse(prefix)));
    }

    /**
     * Tells whether messages arrive that this server passes on. For that, this node must have a connection to that very
     * server: it comes a moment after the first one. Blocks, for half a second if it has none.
     *
     * @throws HazelcastException if the cluster does not answer
     * @throws IllegalStateException if there is no connection at all
     */
    boolean hears(Member server) {
        // No server owns anything before something is asked for.
        Optional<String> topic = topicAt(server);
        try {
            exchange(1, SHORT_PATIENCE, topic.orElse(prefix));
            return topic.isPresent();
        } catch (SilenceException e) {
            LOG.debug("Server {} passes no message on yet", server, e);
            return false;
        }
    }

    private Reading exchange(int messages, Duration patience, String name) {
        Map<Long, CompletableFuture<Long>> stamps = new ConcurrentHashMap<>();
        ITopic<Long> topic = client.getTopic(name);
        try {
            UUID listener = topic.addMessageListener(message -> arrived(stamps, message));
            Reading best = exchange(topic, stamps, 0, patience);
            for (long number = 1; number < messages; number++) {
                Reading next = exchange(topic, stamps, number, patience);
                best = next.roundTripNanos < best.roundTripNanos ? next : best;
            }
            topic.removeMessageListener(listener);
            return best;
        } finally {
            topic.destroy();
        }
    }

    /** Takes over what was read, unless it is no more precise than what is known. */
    private synchronized void set(Reading read) {
        long off = Math.abs(read.millis - reading.millisAt(read.nanoTime));
        if (off > TimeUnit.NANOSECONDS.toMillis(read.roundTripNanos / 2) || reading.roundTripNanos == Long.MAX_VALUE) {
            reading = read;
        }
    }

    private static void arrived(Map<Long, CompletableFuture<Long>> stamps, Message<Long> message) {
        CompletableFuture<Long> waiting = stamps.get(message.getMessageObject());
        if (waiting != null) {
            waiting.complete(message.getPublishTime());
        }
    }

    private static Reading exchange(
            ITopic<Long> topic, Map<Long, CompletableFuture<Long>> stamps, long number, Duration patience) {
        CompletableFuture<Long> stamp = new CompletableFuture<>();
        stamps.put(number, stamp);
        long sent = System.nanoTime();
        topic.publish(number);
        try {
            long millis = stamp.get(patience.toMillis(), TimeUnit.MILLISECONDS);
            long roundTrip = System.nanoTime() - sent;
            return new Reading(millis, sent + roundTrip / 2, roundTrip);
        } catch (TimeoutException | ExecutionException e) {
            throw new SilenceException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while it read the servers' clock", e);
        }
    }

    /**
     * Finds a name for a topic that is at home on this server: there is one on the server that owns the name's
     * partition.
     */
    private Optional<String> topicAt(Member server) {
        return IntStream.range(0, NAMES)
                .mapToObj(i -> prefix + "-" + i)
                .filter(name -> server.equals(
                        client.getPartitionService().getPartition(name).getOwner()))
                .findFirst();
    }

    private Member oldest() {
        return client.getCluster().getMembers().stream()
                .filter(member -> !member.isLiteMember())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no server that holds data"));
    }

    /** A message was sent and has not come back in time. */
    private static final class SilenceException extends HazelcastException {
        private static final long serialVersionUID = 1L;

        SilenceException(Throwable cause) {
            super("The servers pass no message on", cause);
        }
    }
}
