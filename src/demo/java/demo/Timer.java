package demo;

import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;

/** One timer thread for all sockets of this web application, from its start to its stop. */
public class Timer implements ServletContextListener {

    private static final String ATTRIBUTE = Timer.class.getName();

    @Override
    public void contextInitialized(ServletContextEvent event) {
        var timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = Executors.defaultThreadFactory().newThread(task);
            thread.setName("demo-timer");
            thread.setDaemon(true);
            return thread;
        });
        timer.setRemoveOnCancelPolicy(true);
        event.getServletContext().setAttribute(ATTRIBUTE, timer);
    }

    @Override
    public void contextDestroyed(ServletContextEvent event) {
        of(event.getServletContext()).shutdownNow();
    }

    static ScheduledExecutorService of(ServletContext context) {
        return (ScheduledExecutorService) context.getAttribute(ATTRIBUTE);
    }
}
