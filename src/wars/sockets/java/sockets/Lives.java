package sockets;

import jakarta.servlet.ServletContext;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/** The lives of this web application in one process: each time it is deployed it has a class loader of its own. */
final class Lives {
    private static final String KEY = "sockets.lives";

    private Lives() {}

    /** Notes that the web application starts. */
    static void begin(ServletContext context) {
        loaders()
                .computeIfAbsent(context.getContextPath(), path -> new ArrayList<>())
                .add(new WeakReference<>(Lives.class.getClassLoader()));
    }

    /** How many class loaders of the web application at this path the process still has. */
    static long count(String contextPath) {
        System.gc();
        return loaders().getOrDefault(contextPath, List.of()).stream()
                .map(WeakReference::get)
                .filter(loader -> loader != null)
                .distinct()
                .count();
    }

    // Where every deployment finds it, and nothing of any deployment is held.
    @SuppressWarnings("unchecked")
    private static Map<String, List<WeakReference<ClassLoader>>> loaders() {
        return (Map<String, List<WeakReference<ClassLoader>>>)
                System.getProperties().computeIfAbsent(KEY, key -> new ConcurrentHashMap<>());
    }

    /** Has Jetty's JMX bean stop or start the web application at this path, the same object. */
    static void tell(String contextPath, String operation) {
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        try {
            for (ObjectName name : server.queryNames(new ObjectName("*:type=webappcontext,*"), null)) {
                if (contextPath.equals(server.getAttribute(name, "contextPath"))) {
                    server.invoke(name, operation, new Object[0], new String[0]);
                    return;
                }
            }
        } catch (JMException failure) {
            throw new IllegalStateException(contextPath, failure);
        }
        throw new IllegalArgumentException(contextPath);
    }
}
