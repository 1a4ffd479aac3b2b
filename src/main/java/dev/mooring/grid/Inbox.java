package dev.mooring.grid;

import com.hazelcast.client.Client;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.topic.ITopic;
import com.hazelcast.topic.Message;
import dev.mooring.model.Codec;
import dev.mooring.model.Notice;
import dev.mooring.model.SessionKey;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What nodes tell each other: a topic of its own for each node, and an answer to every notice. A writer that knows the holders
 * of a session tells exactly those, and its write counts as finished when each has answered or been given up.
 *
 * <p>Thread-safe. Notices are heard on a Hazelcast thread, which goes on at once; telling blocks.
 */
public final class Inbox {

    /** Hears the notices for the sessions of one web application. */
    @FunctionalInterface
    public interface Hearer {
        /**
         * Takes notice. Called on a Hazelcast thread: never blocks, never takes a lock, never throws.
         *
         * @param notice what happened
         * @return the answer, see {@link Notice.Kind}
         */
        long heard(Notice notice);
    }

    private static final Logger LOG = LoggerFactory.getLogger(Inbox.class);
    private static final byte NOTICE = 0;
    private static final byte ANSWER = 1;

    private final HazelcastInstance hazelcast;
    private final NodeLease lease;
    private final String prefix;
    private final Map<String, List<Hearer>> hearers = new ConcurrentHashMap<>();
    private final Map<Long, CompletableFuture<Long>> unanswered = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong();
    private final LongAdder sent = new LongAdder();
    private final LongAdder received = new LongAdder();

    /** Written by {@link #listen} only, by one thread after the other. */
    private volatile @Nullable UUID listener;

    Inbox(HazelcastInstance hazelcast, String mapName, NodeLease lease) {
        this.hazelcast = hazelcast;
        this.lease = lease;
        this.prefix = mapName + "-inbox-";
    }

    /**
     * Listens, or listens anew: a node that was taken for dead has had its topic destroyed, and with it the listener of which
     * it still believes to hear something. Blocks. Not to be called twice at a time.
     */
    void listen() {
        ITopic<byte[]> own = topic(lease.node());
        UUID before = listener;
        // The new one first: a notice that both hear does no harm.
        listener = own.addMessageListener(this::receive);
        if (before != null) {
            own.removeMessageListener(before);
        }
    }

    /**
     * Leaves no inbox behind. A member leaves it to the others, which destroy it when they see that the node is gone: a cluster
     * that stops as a whole has nobody to agree on that with.
     */
    void stop() {
        if (lease.nodes() == 1 || hazelcast.getLocalEndpoint() instanceof Client) {
            topic(lease.node()).destroy();
        }
    }

    /** Destroys what a node that is gone has left behind. Blocks. */
    void forget(String gone) {
        topic(gone).destroy();
    }

    /**
     * Lets a web application's notices be heard.
     *
     * @param scope the scope of its session keys
     * @param hearer who hears them; several may hear one scope, as while a web application is redeployed
     */
    public void register(String scope, Hearer hearer) {
        hearers.computeIfAbsent(scope, s -> new CopyOnWriteArrayList<>()).add(hearer);
    }

    /**
     * Undoes {@link #register}.
     *
     * @param scope the scope
     * @param hearer the hearer, which hears nothing more once this returns, but for what it hears just now
     */
    public void unregister(String scope, Hearer hearer) {
        hearers.computeIfPresent(scope, (s, list) -> {
            list.remove(hearer);
            return list.isEmpty() ? null : list;
        });
    }

    /**
     * Tells the holders of a session and waits until each has answered, or is known to read nothing from its copies. Blocks
     * for a round trip; for two seconds when a node does not answer.
     *
     * @param holders node ids; this node's own is passed over
     * @param kind what to say
     * @param key the session
     * @param version the version of the record that the notice speaks of
     * @return the greatest answer; {@link Long#MIN_VALUE} if there was nobody to ask
     * @throws StoreUnavailableException if a silent node could not be given up, since the cluster does not answer
     */
    public long tell(Collection<String> holders, Notice.Kind kind, SessionKey key, long version) {
        Map<String, CompletableFuture<Long>> asked = new HashMap<>();
        // Hazelcast sends nothing for an interrupted thread, but the write is in the record: it must be told.
        boolean interrupted = Thread.interrupted();
        try {
            for (String holder : holders) {
                if (!holder.equals(lease.node()) && lease.standing(holder) == NodeLease.Standing.ALIVE) {
                    asked.put(holder, send(holder, kind, key, version));
                }
            }
            return await(asked);
        } catch (HazelcastException | IllegalStateException e) {
            throw new StoreUnavailableException("session " + key + ": not all of its holders could be told", e);
        } finally {
            unanswered.values().removeAll(asked.values());
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Returns how many notices this node has sent.
     *
     * @return a count since the start
     */
    public long sent() {
        return sent.sum();
    }

    /**
     * Returns how many notices this node has received.
     *
     * @return a count since the start
     */
    public long received() {
        return received.sum();
    }

    private CompletableFuture<Long> send(String holder, Notice.Kind kind, SessionKey key, long version) {
        Notice notice = new Notice(numbers.incrementAndGet(), lease.node(), kind, key, version);
        CompletableFuture<Long> answer = new CompletableFuture<>();
        unanswered.put(notice.number(), answer);
        sent.increment();
        boolean published = false;
        try {
            topic(holder).publish(bytes(NOTICE, out -> Codec.writeNotice(notice, out)));
            published = true;
        } finally {
            if (!published) {
                unanswered.remove(notice.number());
            }
        }
        return answer;
    }

    private long await(Map<String, CompletableFuture<Long>> asked) {
        long deadline = System.nanoTime() + NodeLease.TERM.toNanos();
        long greatest = Long.MIN_VALUE;
        boolean interrupted = false;
        List<String> silent = new ArrayList<>();
        for (Map.Entry<String, CompletableFuture<Long>> entry : asked.entrySet()) {
            while (true) {
                try {
                    greatest = Math.max(
                            greatest, entry.getValue().get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS));
                } catch (TimeoutException | ExecutionException e) {
                    silent.add(entry.getKey());
                } catch (InterruptedException e) {
                    // A write that was sent must finish: wait on, and tell the thread afterwards.
                    interrupted = true;
                    continue;
                }
                break;
            }
        }
        try {
            if (!silent.isEmpty()) {
                lease.fence(silent);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        return greatest;
    }

    private void receive(Message<byte[]> message) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(message.getMessageObject()))) {
            byte kind = in.readByte();
            if (kind == ANSWER) {
                CompletableFuture<Long> waiting = unanswered.get(in.readLong());
                long answer = in.readLong();
                if (waiting != null) {
                    waiting.complete(answer);
                }
                return;
            }
            received.increment();
            Notice notice = Codec.readNotice(in);
            long answer = hear(notice);
            byte[] reply = bytes(ANSWER, out -> {
                out.writeLong(notice.number());
                out.writeLong(answer);
            });
            topic(notice.sender()).publishAsync(reply).whenComplete((done, failure) -> {
                if (failure != null) {
                    notAnswered(failure);
                }
            });
        } catch (IOException | RuntimeException e) {
            // The boundary of a Hazelcast thread.
            notAnswered(e);
        }
    }

    /** The sender gives this node up, which is safe. */
    private void notAnswered(Throwable failure) {
        LOG.warn("Node {}: notice not answered", lease.node(), failure);
    }

    private long hear(Notice notice) {
        long greatest = 0;
        for (Hearer hearer : hearers.getOrDefault(notice.key().scope(), List.of())) {
            greatest = Math.max(greatest, hearer.heard(notice));
        }
        return greatest;
    }

    private ITopic<byte[]> topic(String node) {
        return hazelcast.getTopic(prefix + node);
    }

    private interface Writer {
        void write(DataOutputStream out) throws IOException;
    }

    private static byte[] bytes(byte kind, Writer writer) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(kind);
            writer.write(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
