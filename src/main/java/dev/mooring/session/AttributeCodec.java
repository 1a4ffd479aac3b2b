package dev.mooring.session;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.ObjectInputFilter;
import java.io.ObjectOutputStream;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jetty.session.SessionContext;
import org.eclipse.jetty.util.ClassLoadingObjectInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Turns an attribute's value into bytes and back, by Java serialisation, one value at a time.
 *
 * <p>It reads inside the web application's scope, on whatever thread: classes come from the application's loader first and the
 * server's second, and values that look for their context while they are read find it. A JEP 290 filter decides before a class
 * is touched. Thread-safe; blocks only as the values' own code does.
 */
final class AttributeCodec {

    private final SessionContext context;
    private final Optional<ObjectInputFilter> filter;

    AttributeCodec(SessionContext context, Optional<String> filterPattern) {
        this.context = context;
        this.filter = filterPattern.map(ObjectInputFilter.Config::createFilter);
    }

    /**
     * Serialises a value.
     *
     * @throws IOException if it, or something inside, cannot be serialised
     */
    byte[] encode(Object value) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(value);
        }
        return bytes.toByteArray();
    }

    /**
     * Deserialises a value.
     *
     * @throws IOException if the bytes are none, or the filter refuses a class
     * @throws ClassNotFoundException if a class is missing here
     */
    Object decode(byte[] bytes) throws IOException, ClassNotFoundException {
        AtomicReference<@Nullable Object> value = new AtomicReference<>();
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        context.run(() -> {
            try {
                value.set(read(bytes));
            } catch (IOException | ClassNotFoundException | RuntimeException | LinkageError e) {
                failure.set(e);
            }
        });
        Object read = value.get();
        if (read != null) {
            return read;
        }
        Throwable cause = failure.get();
        if (cause instanceof IOException e) {
            throw e;
        }
        if (cause instanceof ClassNotFoundException e) {
            throw e;
        }
        throw new InvalidClassException(cause == null ? "the value is null" : cause.toString());
    }

    private @Nullable Object read(byte[] bytes) throws IOException, ClassNotFoundException {
        try (ClassLoadingObjectInputStream in = new ClassLoadingObjectInputStream(new ByteArrayInputStream(bytes))) {
            filter.ifPresent(in::setObjectInputFilter);
            return in.readObject(Thread.currentThread().getContextClassLoader());
        }
    }

    /** Tells whether a value can never change, so that its bytes of today are its bytes of tomorrow. */
    static boolean isImmutable(Object value) {
        return value instanceof String
                || value instanceof Number && value.getClass().getName().startsWith("java.lang.")
                || value instanceof Boolean
                || value instanceof Character
                || value instanceof Enum<?>
                || value instanceof UUID
                || value instanceof Class<?>;
    }
}
