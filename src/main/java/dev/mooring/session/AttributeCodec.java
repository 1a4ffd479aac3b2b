package dev.mooring.session;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.NotSerializableException;
import java.io.ObjectInputFilter;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamConstants;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.session.SessionContext;
import org.eclipse.jetty.util.ClassLoadingObjectInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Turns an attribute's value into bytes and back, by Java serialisation, one value at a time.
 *
 * <p>It works inside the web application's scope, on whatever thread: classes come from the application's loader first
 * and the server's second, and values that look for their context while they are read find it. A JEP 290 filter decides
 * before a class is touched. Thread-safe; blocks only as the values' own code does.
 */
final class AttributeCodec {

    private static final int ATTEMPTS = 3;

    private final SessionContext context;
    private final Optional<ObjectInputFilter> filter;

    /** By class name; as many as the application has classes of attributes. */
    private final Map<String, Boolean> activationListeners = new ConcurrentHashMap<>();

    AttributeCodec(SessionContext context, Optional<String> filterPattern) {
        this.context = context;
        this.filter = filterPattern.map(ObjectInputFilter.Config::createFilter);
    }

    /**
     * Serialises a value.
     *
     * @throws IOException if it, or something inside, cannot be serialised, or changes meanwhile
     */
    byte[] encode(Object value) throws IOException {
        Work<byte[]> work = new Work<>(() -> {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
                out.writeObject(value);
            }
            return bytes.toByteArray();
        });
        context.run(work);
        return work.result();
    }

    /**
     * Serialises a value that other threads may be changing: tries again a few times when it fails.
     *
     * @throws IOException if it fails each time
     */
    @SuppressWarnings("ThreadPriorityCheck") // only a courtesy to whoever changes the value
    byte[] encodeWhileItChanges(Object value) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return encode(value);
            } catch (NotSerializableException e) {
                throw e;
            } catch (IOException e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
                Thread.yield();
            }
        }
    }

    /**
     * Deserialises a value.
     *
     * @throws IOException if the bytes are none, or a class is missing here, has changed, or is refused by the filter
     */
    Object decode(byte[] bytes) throws IOException {
        Work<Object> work = new Work<>(() -> {
            Refusal refusal = new Refusal(filter);
            try (ClassLoadingObjectInputStream in =
                    new ClassLoadingObjectInputStream(new ByteArrayInputStream(bytes))) {
                if (filter.isPresent()) {
                    in.setObjectInputFilter(refusal);
                }
                Object value = in.readObject(Thread.currentThread().getContextClassLoader());
                // Jetty compares what it has set at a login with Boolean.TRUE
                // by ==, and would change the id again and again.
                return value instanceof Boolean flag ? Boolean.valueOf(flag) : value;
            } catch (InvalidClassException e) {
                throw refusal.explain(e);
            }
        });
        context.run(work);
        return work.result();
    }

    /**
     * Tells from serialised bytes whether the value wants to hear that its session has come to this node. The value
     * itself is not read for it.
     */
    boolean isActivationListener(byte[] bytes) {
        return className(bytes)
                .filter(name -> activationListeners.computeIfAbsent(name, this::isListener))
                .isPresent();
    }

    // The stream begins with its magic, an object, its class's description, and there the name (Java Object
    // Serialization, 6.4).
    private static Optional<String> className(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            boolean isObject = in.readShort() == ObjectStreamConstants.STREAM_MAGIC
                    && in.readShort() == ObjectStreamConstants.STREAM_VERSION
                    && in.readByte() == ObjectStreamConstants.TC_OBJECT
                    && in.readByte() == ObjectStreamConstants.TC_CLASSDESC;
            return isObject ? Optional.of(in.readUTF()) : Optional.empty();
        } catch (IOException e) {
            // No stream of Java's; whoever reads the value will be told.
            return Optional.empty();
        }
    }

    private boolean isListener(String className) {
        Work<Boolean> work = new Work<>(() -> Environment.isActivationListener(
                Class.forName(className, false, Thread.currentThread().getContextClassLoader())));
        context.run(work);
        try {
            return work.result();
        } catch (IOException e) {
            return false;
        }
    }

    /** Application code that may fail in every way: whatever it throws is a failure of its value alone. */
    private static final class Work<T> implements Runnable {
        private interface Step<T> {
            @Nullable
            T take() throws IOException, ClassNotFoundException;
        }

        private final Step<T> step;
        private @Nullable T result;
        private @Nullable IOException failure;

        Work(Step<T> step) {
            this.step = step;
        }

        @Override
        public void run() {
            try {
                result = step.take();
            } catch (IOException e) {
                failure = e;
            } catch (ClassNotFoundException e) {
                failure = new InvalidClassException(e.getMessage(), "the class is missing here");
                failure.initCause(e);
            } catch (RuntimeException | LinkageError | StackOverflowError e) {
                failure = new IOException(e.toString(), e);
            }
        }

        T result() throws IOException {
            if (failure != null) {
                throw failure;
            }
            if (result == null) {
                throw new IOException("the value is null");
            }
            return result;
        }
    }

    /** Remembers what the filter refused: the exception that comes of it does not say. */
    private static final class Refusal implements ObjectInputFilter {
        private final Optional<ObjectInputFilter> filter;
        private @Nullable String refused;

        Refusal(Optional<ObjectInputFilter> filter) {
            this.filter = filter;
        }

        @Override
        public Status checkInput(FilterInfo info) {
            Status status = filter.map(f -> f.checkInput(info)).orElse(Status.UNDECIDED);
            if (status == Status.REJECTED) {
                Class<?> type = info.serialClass();
                refused = type != null
                        ? type.getName()
                        : "depth " + info.depth() + ", references " + info.references() + ", bytes "
                                + info.streamBytes();
            }
            return status;
        }

        InvalidClassException explain(InvalidClassException failure) {
            if (refused == null) {
                return failure;
            }
            InvalidClassException explained =
                    new InvalidClassException(refused, "refused by jetty.session.attributeFilter");
            explained.initCause(failure);
            return explained;
        }
    }
}
