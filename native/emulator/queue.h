// Copies between host and device that have been put on a stream and are not done yet. They are done at the last moment that is legal, so
// that a stream which does not wait for them shows: when their own stream comes to something else, or somebody waits for it.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

namespace simt {
class Queue {
  public:
    Queue() {
        std::lock_guard<std::mutex> guard(all().lock);
        all().queues.insert(this);
    }
    ~Queue() {
        std::lock_guard<std::mutex> guard(all().lock);
        all().queues.erase(this);
    }
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    void add(std::function<void()> copy) {
        std::lock_guard<std::mutex> guard(lock_);
        copies_.push_back(std::move(copy));
    }

    /// How many have been put here so far, done or not.
    uint64_t position() {
        std::lock_guard<std::mutex> guard(lock_);
        return done_ + copies_.size();
    }

    /// Does those that were here at the position.
    void finish(uint64_t position = UINT64_MAX) {
        std::lock_guard<std::mutex> guard(lock_);
        for (; !copies_.empty() && done_ < position; ++done_) {
            copies_.front()();
            copies_.pop_front();
        }
    }

    /// What waiting for the device does.
    static void finish_all() {
        std::lock_guard<std::mutex> guard(all().lock);
        for (Queue* queue : all().queues) queue->finish();
    }

  private:
    struct All {
        std::mutex lock;
        std::set<Queue*> queues;
    };
    // never ended, as queues may outlive what is static
    static All& all() {
        static All* all = new All();
        return *all;
    }

    std::mutex lock_;
    std::deque<std::function<void()>> copies_;
    uint64_t done_ = 0;
};

/// What an event marks.
struct Mark {
    std::shared_ptr<Queue> queue;
    uint64_t position = 0;

    void wait() const {
        if (queue) queue->finish(position);
    }
};
}  // namespace simt
