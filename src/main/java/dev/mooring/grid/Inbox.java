package dev.mooring.grid;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.hazelcast.client.Client;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.topic.ITopic;
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
 * What nodes tell each other: a topic of its own for each node, and an answer to every notice. A writer that knows the
 * holders of a session tells exactly those, and its write counts as finished when each has answered or been given up.
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
    private static final byte NOTICES = 0;
    private static final byte ANSWERS = 1;

    /**
     * What there is to say of one session.
     *
     * @param key the session
     * @param version the version of the record that is spoken of
     * @param holders node ids; this node's own is passed over
     */
    public record News(SessionKey key, long version, Collection<String> holders) {}

    /** A message to one node, by its number, which the answer repeats; and the answers, in the order of what was told. */
    private record Message(long number, List<News> told, CompletableFuture<long[]> answers) {}

    private final HazelcastInstance hazelcast;
    private final Peers peers;
    private final String prefix;
    private final Map<String, List<Hearer>> hearers = new ConcurrentHashMap<>();
    private final Map<Long, CompletableFuture<long[]>> unanswered = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong();
    private final LongAdder sent = new LongAdder();
    private final LongAdder received = new LongAdder();

    /** Written by {@link #listen} only, by one thread after the other. */
    private volatile @Nullable UUID listener;

    Inbox(HazelcastInstance hazelcast, String mapName, Peers peers) {
        this.hazelcast = hazelcast;
        this.peers = peers;
        this.prefix = mapName + "-inbox-";
    }

    /**
     * Listens, or listens anew: a node that was taken for dead has had its topic destroyed, and with it the listener of
     * which it still believes to hear something. Blocks. Not to be called twice at a time.
     */
    void listen() {
        ITopic<byte[]> own = topic(peers.node());
        UUID before = listener;
        // The new one first: a notice that both hear does no harm.
        listener = own.addMessageListener(message -> receive(message.getMessageObject()));
        if (before != null) {
            own.removeMessageListener(before);
        }
    }

    /**
     * Leaves no inbox behind. A member leaves it to the others, which destroy it when they see that the node is gone: a
     * cluster that stops as a whole has nobody to agree on that with.
     */
    void stop() {
        if (peers.nodes() == 1 || hazelcast.getLocalEndpoint() instanceof Client) {
            topic(peers.node()).destroy();
        }
    }

    /**
     * Finds the inbox of a node that has joined. Blocks. A client asks its servers for each topic once, and waits for
     * their answer without a limit of ours: nobody who has something to tell should be the one to do it.
     */
    void meet(String joined) {
        topic(joined);
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
     * Tells the holders of a session and waits until each has answered, or is known to read nothing from its copies.
     * Blocks for a round trip; for two seconds when a node does not answer, and no longer than the thread's
     * {@link Patience}.
     *
     * @param holders node ids; this node's own is passed over
     * @param kind what to say
     * @param key the session
     * @param version the version of the record that the notice speaks of
     * @return the greatest answer; {@link Long#MIN_VALUE} if there was nobody to ask
     * @throws StoreUnavailableException if a silent node could not be given up: the cluster does not answer, or the
     *     thread has no patience left
     */
    public long tell(Collection<String> holders, Notice.Kind kind, SessionKey key, long version) {
        return tellAll(kind, List.of(new News(key, version, holders)))[0];
    }

    /**
     * As {@link #tell}, for many sessions at a time: each holder gets one message with all that concerns it.
     *
     * @param kind what to say of each session
     * @param news the sessions
     * @return the greatest answer for each of them, in their order
     * @throws StoreUnavailableException if a silent node could not be given up: the cluster does not answer, or the
     *     thread has no patience left
     */
    public long[] tellAll(Notice.Kind kind, List<News> news) {
        Map<String, Message> messages = new HashMap<>();
        // Hazelcast sends nothing for an interrupted thread, but the write is in the record: it must be told.
        boolean interrupted = Thread.interrupted();
        try {
            compose(news).forEach((holder, told) -> {
                if (peers.standing(holder) == Peers.Standing.ALIVE) {
                    messages.put(holder, send(holder, kind, told));
                }
            });
            return await(news, messages);
        } catch (HazelcastException | IllegalStateException e) {
            throw new StoreUnavailableException(
                    "session " + news.get(0).key() + (news.size() > 1 ? " and others" : "")
                            + ": not all of the holders could be told",
                    e);
        } finally {
            messages.values().forEach(message -> unanswered.remove(message.number, message.answers));
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Returns what each of the other nodes is to be told. */
    private Map<String, List<News>> compose(List<News> news) {
        Map<String, List<News>> byHolder = new HashMap<>();
        for (News session : news) {
            for (String holder : session.holders()) {
                if (!holder.equals(peers.node())) {
                    byHolder.computeIfAbsent(holder, h -> new ArrayList<>()).add(session);
                }
            }
        }
        return byHolder;
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

    private Message send(String holder, Notice.Kind kind, List<News> told) {
        Message message = new Message(numbers.incrementAndGet(), told, new CompletableFuture<>());
        unanswered.put(message.number, message.answers);
        sent.add(told.size());
        boolean sending = false;
        try {
            topic(holder)
                    .publishAsync(bytes(NOTICES, out -> {
                        out.writeLong(message.number);
                        out.writeUTF(peers.node());
                        out.writeInt(told.size());
                        for (News session : told) {
                            Codec.writeNotice(new Notice(kind, session.key(), session.version()), out);
                        }
                    }))
                    .whenComplete((sent, failure) -> {
                        if (failure != null) {
                            message.answers.completeExceptionally(failure);
                        }
                    });
            sending = true;
        } finally {
            if (!sending) {
                unanswered.remove(message.number);
            }
        }
        return message;
    }

    private long[] await(List<News> news, Map<String, Message> messages) {
        long deadline = System.nanoTime() + NodeLease.TERM.toNanos();
        long patience = Patience.end(NodeLease.TERM);
        Map<SessionKey, Long> greatest = new HashMap<>();
        boolean interrupted = false;
        List<String> silent = new ArrayList<>();
        for (Map.Entry<String, Message> entry : messages.entrySet()) {
            Message message = entry.getValue();
            while (true) {
                try {
                    long[] answers = message.answers.get(patience - System.nanoTime(), TimeUnit.NANOSECONDS);
                    for (int i = 0; i < answers.length; i++) {
                        greatest.merge(message.told.get(i).key(), answers[i], Math::max);
                    }
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
            if (!silent.isEmpty() && patience - deadline < 0) {
                throw new StoreUnavailableException("nodes " + silent + " have not answered so far", null);
            }
            if (!silent.isEmpty()) {
                peers.fence(silent);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        return news.stream()
                .mapToLong(session -> greatest.getOrDefault(session.key(), Long.MIN_VALUE))
                .toArray();
    }

    private void receive(byte[] message) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(message))) {
            byte kind = in.readByte();
            long number = in.readLong();
            if (kind == ANSWERS) {
                CompletableFuture<long[]> waiting = unanswered.get(number);
                long[] answers = readAnswers(in);
                if (waiting != null) {
                    waiting.complete(answers);
                }
                return;
            }
            String sender = in.readUTF();
            int count = in.readInt();
            List<Notice> notices = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                notices.add(Codec.readNotice(in));
            }
            received.add(count);
            answer(sender, number, notices);
        } catch (IOException | RuntimeException e) {
            // The boundary of a Hazelcast thread.
            notAnswered(e);
        }
    }

    private void answer(String sender, long number, List<Notice> notices) {
        long[] answers = notices.stream().mapToLong(this::hear).toArray();
        byte[] reply = bytes(ANSWERS, out -> {
            out.writeLong(number);
            out.writeInt(answers.length);
            for (long answer : answers) {
                out.writeLong(answer);
            }
        });
        topic(sender).publishAsync(reply).whenComplete((done, failure) -> {
            if (failure != null) {
                notAnswered(failure);
            }
        });
    }

    private static long[] readAnswers(DataInputStream in) throws IOException {
        long[] answers = new long[in.readInt()];
        for (int i = 0; i < answers.length; i++) {
            answers[i] = in.readLong();
        }
        return answers;
    }

    /** The sender gives this node up, which is safe. */
    private void notAnswered(Throwable failure) {
        LOG.warn("Node {}: notice not answered", peers.node(), failure);
    }

    private long hear(Notice notice) {
        long greatest = 0;
        for (Hearer hearer : hearers.getOrDefault(notice.key().scope(), List.of())) {
            greatest = Math.max(greatest, hearer.heard(notice));
        }
        return greatest;
    }

    @CanIgnoreReturnValue
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
