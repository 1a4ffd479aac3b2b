package dev.mooring.nodes;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.lang.instrument.UnmodifiableClassException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;

/**
 * A JVM whose wall clock is wrong: an agent that has every class of it, the JDK's own among them, ask this one for the
 * time of day. What runs on {@code nanoTime} runs on, as it does on a machine whose clock somebody has set.
 *
 * <p>In each class the constant that names {@link System#currentTimeMillis()}, and the one that
 * {@link java.time.Instant#now()} gets its time from, is made to name the method here.
 */
public final class WrongClock implements ClassFileTransformer {

    private static final String SELF = "dev/mooring/nodes/WrongClock";
    private static final String JAR = "wrong-clock.jar";

    /** What is asked for the time elsewhere, as {@code class.method}, and is asked of this class instead. */
    private static final String MILLIS = "java/lang/System.currentTimeMillis";

    private static final String NANOS = "jdk/internal/misc/VM.getNanoTimeAdjustment";

    private static final int UTF8 = 1;
    private static final int LONG = 5;
    private static final int DOUBLE = 6;
    private static final int CLASS = 7;
    private static final int METHOD = 10;
    private static final int NAME_AND_TYPE = 12;

    private static volatile long offsetMillis;

    private WrongClock() {}

    /**
     * Returns the options of a JVM that make its clock wrong.
     *
     * @param directory where the agent's jar is put
     * @param offset by how much it is fast; negative where it is slow
     * @throws UncheckedIOException if the jar cannot be written
     */
    public static String[] by(Duration offset, Path directory) {
        Path jar = directory.resolve(JAR).toAbsolutePath();
        try {
            Files.createDirectories(directory);
            if (!Files.exists(jar)) {
                write(jar);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("agent " + jar + ": cannot be written", failure);
        }
        return new String[] {"-javaagent:" + jar + "=" + offset.toMillis()};
    }

    private static void write(Path jar) throws IOException {
        var manifest = new Manifest();
        Attributes main = manifest.getMainAttributes();
        main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        main.putValue("Premain-Class", SELF.replace('/', '.'));
        main.putValue("Can-Retransform-Classes", "true");
        // The JDK's own classes see no other.
        main.putValue("Boot-Class-Path", JAR);
        String file = SELF + ".class";
        try (var out = new JarOutputStream(Files.newOutputStream(jar), manifest);
                InputStream self = WrongClock.class.getClassLoader().getResourceAsStream(file)) {
            if (self == null) {
                throw new IOException(file + " is not on the class path");
            }
            out.putNextEntry(new JarEntry(file));
            self.transferTo(out);
        }
    }

    /** Called by the JVM before its main class. */
    public static void premain(String offset, Instrumentation instrumentation) throws UnmodifiableClassException {
        offsetMillis = Long.parseLong(offset);
        instrumentation.addTransformer(new WrongClock(), true);
        instrumentation.retransformClasses(Arrays.stream(instrumentation.getAllLoadedClasses())
                .filter(loaded -> instrumentation.isModifiableClass(loaded) && loaded != WrongClock.class)
                .toArray(Class<?>[]::new));
    }

    /** In the place of {@link System#currentTimeMillis()}. */
    public static long currentTimeMillis() {
        return System.currentTimeMillis() + offsetMillis;
    }

    /** In the place of what {@link java.time.Instant#now()} asks: nanoseconds since so many seconds after the epoch. */
    public static long getNanoTimeAdjustment(long seconds) {
        return (currentTimeMillis() - seconds * 1_000) * 1_000_000;
    }

    @Override
    public byte @Nullable [] transform(
            @Nullable ClassLoader loader,
            @Nullable String name,
            @Nullable Class<?> before,
            @Nullable ProtectionDomain domain,
            byte[] bytes) {
        try {
            return SELF.equals(name) ? null : redirect(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException("class " + name, e);
        }
    }

    private static byte @Nullable [] redirect(byte[] bytes) throws IOException {
        var in = new DataInputStream(new ByteArrayInputStream(bytes));
        in.readLong();
        int count = in.readUnsignedShort();
        int[] tags = new int[count];
        int[] starts = new int[count];
        Map<Integer, String> texts = new HashMap<>();
        for (int i = 1; i < count; i++) {
            starts[i] = bytes.length - in.available();
            tags[i] = in.readUnsignedByte();
            if (tags[i] == UTF8) {
                texts.put(i, in.readUTF());
            } else {
                in.skipNBytes(length(tags[i]));
            }
            if (tags[i] == LONG || tags[i] == DOUBLE) {
                i++;
            }
        }
        int end = bytes.length - in.available();
        byte[] changed = bytes.clone();
        boolean any = false;
        for (int i = 1; i < count; i++) {
            if (tags[i] == METHOD) {
                String method = text(bytes, starts[word(bytes, starts[i] + 1)] + 1, texts) + "."
                        + text(bytes, starts[word(bytes, starts[i] + 3)] + 1, texts);
                if (method.equals(MILLIS) || method.equals(NANOS)) {
                    changed[starts[i] + 1] = (byte) (count + 1 >> 8);
                    changed[starts[i] + 2] = (byte) (count + 1);
                    any = true;
                }
            }
        }
        return any ? withSelf(changed, count, end) : null;
    }

    /** Adds two constants: the name of this class, and the class. */
    private static byte[] withSelf(byte[] bytes, int count, int end) throws IOException {
        var result = new ByteArrayOutputStream();
        var out = new DataOutputStream(result);
        out.write(bytes, 0, Long.BYTES);
        out.writeShort(count + 2);
        out.write(bytes, Long.BYTES + Short.BYTES, end - Long.BYTES - Short.BYTES);
        out.writeByte(UTF8);
        out.writeUTF(SELF);
        out.writeByte(CLASS);
        out.writeShort(count);
        out.write(bytes, end, bytes.length - end);
        return result.toByteArray();
    }

    /** Follows the number of a text. */
    private static @Nullable String text(byte[] bytes, int at, Map<Integer, String> texts) {
        return texts.get(word(bytes, at));
    }

    private static int word(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
    }

    /** How long a constant is, without its tag. */
    private static int length(int tag) {
        return switch (tag) {
            case CLASS, 8, 16, 19, 20 -> 2;
            case 15 -> 3;
            case 3, 4, 9, METHOD, 11, NAME_AND_TYPE, 17, 18 -> 4;
            case LONG, DOUBLE -> 8;
            default -> throw new IllegalArgumentException("constant with tag " + tag);
        };
    }
}
